"""Runs that ended well and broke what their skill declares of a good run."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from sidecar.review.candidate import Candidate, some
from sidecar.review.citing import Sort, sorted_out
from sidecar.review.week import SkillWeek, Week
from sidecar.review.words import cited, count, quote
from sidecar.store.values import position

SORTS_SHOWN = 4  # as many expectations as a skill can declare


def find_expectations(week: Week) -> Iterator[Candidate]:
    """One broken expectation is enough: the skill itself says what a good run is."""
    for skill, sorts in sorted_out(week, _broken(week), "expectation"):
        yield _candidate(skill, sorts[:SORTS_SHOWN])


def _broken(week: Week) -> sa.Select[tuple[object, ...]]:
    """The first word of a misfire says which expectation it is: took, sent, the (same output), nothing (to report)."""
    run = week.runs.c
    word = sa.func.substr(run.misfire, 1, position(run.misfire + " ", " ") - 1)
    return sa.select(run.skill, run.part, run.seq, run.id, word.label("expectation"), run.misfire).where(
        run.misfire.is_not(None)
    )


def _candidate(skill: SkillWeek, sorts: list[Sort]) -> Candidate:
    broken = sum(sort.total for sort in sorts)
    of_all = f"{broken:,} of {count(skill.judged.runs, 'run')} broke an expectation that the skill declares"
    return Candidate(
        skill=skill.name,
        version=skill.version,
        kind="expectation",
        summary=f"{of_all}; the newest: {quote(sorts[0].newest.misfire)}.",
        evidence=[f"{of_all}.", *(_line(sort) for sort in sorts), *skill.caveat][:6],
        runs=some(run for sort in sorts for run in sort.runs),
        sorts=frozenset(_called(sort) for sort in sorts),
    )


def _called(sort: Sort) -> str:
    return f'begins with "{sort.newest.expectation}"'


def _line(sort: Sort) -> str:
    newest = quote(sort.newest.misfire)
    return f"{count(sort.total, 'time')} what {_called(sort)} ({cited(sort.runs)}); the newest: {newest}"
