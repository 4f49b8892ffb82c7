"""Runs that failed, by error and step."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from sidecar.review.candidate import Candidate, some
from sidecar.review.citing import Sort, sorted_out
from sidecar.review.week import SkillWeek, Week
from sidecar.review.words import VALUE_AT_MOST, cited, count, name, quote
from sidecar.store.values import position

FAILED_AT_LEAST = 3  # one or two may be a bad night of somebody's server
SHARE_AT_LEAST = 0.01  # and of thousands of runs, three are still that
SHARE_ANYWAY = 0.2  # one in five is a fault, however few the runs are: a weekly skill has one run to judge by
SORTS_SHOWN = 3


def find_failures(week: Week) -> Iterator[Candidate]:
    for skill, sorts in sorted_out(week, _failed(week), "type", "step"):
        failed, finished = skill.judged.failed, skill.judged.finished
        share = failed / finished
        if share >= SHARE_ANYWAY or (failed >= FAILED_AT_LEAST and share >= SHARE_AT_LEAST):
            yield _candidate(skill, sorts)


def _failed(week: Week) -> sa.Select[tuple[object, ...]]:
    run = week.runs.c
    step = run.error["step"].as_string()
    return sa.select(
        run.skill,
        run.part,
        run.seq,
        run.id,
        run.error["type"].as_string().label("type"),
        # "fetch#17", the 17th use of a step, fails as `fetch` does
        sa.func.substr(step, 1, position(step + "#", "#") - 1).label("step"),
        sa.func.substr(run.error["message"].as_string(), 1, VALUE_AT_MOST + 1).label("message"),
    ).where(week.failed)


def _candidate(skill: SkillWeek, sorts: list[Sort]) -> Candidate:
    shown = sorts[:SORTS_SHOWN]
    most = shown[0]
    ended = f"{skill.judged.failed:,} of {count(skill.judged.finished, 'run')} failed"
    before = f"the week before {skill.before.failed:,} of {skill.before.finished:,}"
    return Candidate(
        skill=skill.name,
        version=skill.version,
        kind="failures",
        summary=f"{ended}, {most.total:,} of them {_called(most)}; {before}.",
        evidence=[
            f"{ended}; {before}. {_since(skill)}",
            *(_line(sort) for sort in shown),
            *_others(sorts[SORTS_SHOWN:]),
            *skill.caveat,
        ],
        runs=some(run for sort in shown for run in sort.runs),
        sorts=frozenset(_called(sort) for sort in shown),
    )


def _called(sort: Sort) -> str:
    where = f"in {name(sort.newest.step)}" if sort.newest.step else "outside a step"
    return f"{name(sort.newest.type or 'an unnamed error')} {where}"


def _line(sort: Sort) -> str:
    said = quote(sort.newest.message or "")
    return f"{count(sort.total, 'time')} {_called(sort)} ({cited(sort.runs)}); the newest said {said}"


def _others(sorts: list[Sort]) -> list[str]:
    failed = sum(sort.total for sort in sorts)
    return [f"{failed:,} more in {count(len(sorts), 'other way')}."] if sorts else []


def _since(skill: SkillWeek) -> str:
    if skill.judged.newest_good > skill.judged.newest_failed:
        return "The newest run ended well."
    return "The newest run failed too."
