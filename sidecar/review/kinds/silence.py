"""Skills that used to report and don't any more: every run has nothing to report, or none runs at all."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from sidecar.review.candidate import Candidate
from sidecar.review.week import SkillWeek, Week
from sidecar.review.words import count, day, short
from sidecar.store import Row

REPORTS_DUE = 5.0  # so many reports would have come at the rate before; that none comes by chance is then under 1 %


def find_silence(week: Week) -> Iterator[Candidate]:
    yield from _quiet(week)
    for skill in week.skills.values():
        due = sum(number for outcome, number in skill.slots.items() if outcome not in ("paused", "stopped"))
        if due and not any(skill.in_(part).runs for part in ("current", "older")):
            yield _did_not_run(skill, due)


def _quiet(week: Week) -> Iterator[Candidate]:
    silent = [
        skill.name
        for skill in week.skills.values()
        if skill.judged.quiet and skill.judged.quiet == skill.judged.finished
    ]
    if not silent:
        return
    habits = [row for row in week.connection.execute(_habits(week, silent)) if _is_due(row)]
    runs = week.runs_at(seq for row in habits for seq in (row.heard, row.first, row.newest))
    for row in habits:
        yield _fell_silent(week.skills[row.skill], row, runs)


def _habits(week: Week, silent: list[str]) -> sa.Select[tuple[object, ...]]:
    """How often each of them reported until its last report, and the quiet runs since."""
    good = (
        sa.select(
            week.history.c.skill, week.history.c.seq, week.history.c.nothing_to_report.is_(None).label("reported")
        )
        .where(week.history.c.state == "succeeded", week.history.c.skill.in_(silent))
        .cte("good")
    )
    last = sa.select(good.c.skill, sa.func.max(good.c.seq).label("heard")).where(good.c.reported).group_by(good.c.skill)
    heard = last.cte("heard")
    since = good.c.seq > heard.c.heard
    return (
        sa.select(
            good.c.skill,
            heard.c.heard,
            sa.func.count().filter(~since).label("before"),
            sa.func.count().filter(good.c.reported).label("reports"),
            sa.func.count().filter(since).label("quiet"),
            sa.func.min(good.c.seq).filter(since).label("first"),
            sa.func.max(good.c.seq).label("newest"),
        )
        .join(heard, heard.c.skill == good.c.skill)
        .group_by(good.c.skill, heard.c.heard)
    )


def _is_due(row: Row) -> bool:
    return bool(row.quiet * row.reports / row.before >= REPORTS_DUE)


def _fell_silent(skill: SkillWeek, row: Row, runs: dict[int, Row]) -> Candidate:
    heard, first, newest = runs[row.heard], runs[row.first], runs[row.newest]
    return Candidate(
        skill=skill.name,
        version=skill.version,
        kind="silence",
        summary=f"Nothing to report in {count(row.quiet, 'run')} in a row, since {day(first.created_at)}.",
        evidence=[
            f"{count(row.quiet, 'quiet run')} in a row: from {_at(first)} to {_at(newest)}.",
            f"Before, {row.reports:,} of {count(row.before, 'run')} reported something; the last was {_at(heard)}.",
            *skill.caveat,
        ],
        runs=list(dict.fromkeys((heard.id, first.id, newest.id))),
    )


def _at(run: Row) -> str:
    return f"{short(run.id)} at {day(run.created_at)}"


def _did_not_run(skill: SkillWeek, due: int) -> Candidate:
    outcomes = ", ".join(f"{number:,} {outcome}" for outcome, number in sorted(skill.slots.items()))
    return Candidate(
        skill=skill.name,
        version=skill.version,
        kind="silence",
        summary=f"It did not run at all, although {count(due, 'time')} of its schedule came.",
        evidence=[
            f"Of {count(due, 'slot')} that were due this week none has brought a run: {outcomes}.",
            f"The week before it ran {count(skill.before.runs, 'time')}.",
        ],
        runs=[],
    )
