"""Runs that ended well, but only on a further try: of a step, or after their worker was lost."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from sidecar.review.candidate import Candidate, some
from sidecar.review.citing import Sort, sorted_out
from sidecar.review.week import SkillWeek, Week
from sidecar.review.words import cited, count, name
from sidecar.store.schema import attempts, steps

RUNS_AT_LEAST = 5  # fewer are what retries are for
SHARE_AT_LEAST = 0.25  # of the good runs; at that rate a failure of all tries is only a matter of time
SORTS_SHOWN = 3


def find_retries(week: Week) -> Iterator[Candidate]:
    for skill, sorts in sorted_out(week, _tried_again(week), "step"):
        often = [sort for sort in sorts if sort.total >= max(RUNS_AT_LEAST, SHARE_AT_LEAST * skill.judged.succeeded)][
            :SORTS_SHOWN
        ]
        if often:
            yield _candidate(skill, often)


def _tried_again(week: Week) -> sa.CompoundSelect[tuple[object, ...]]:
    """A row for each run and step (None: the worker)."""
    run = week.runs.c
    which = (run.skill, run.part, run.seq, run.id)
    failed = (
        sa.select(*which, steps.c.name.label("step"), sa.func.sum(steps.c.failures).label("times"))
        .join(steps, steps.c.run == run.id)
        .where(run.state == "succeeded", steps.c.failures > 0)
        .group_by(*which, steps.c.name)
    )
    lost = (
        sa.select(*which, sa.null().label("step"), sa.func.count().label("times"))
        .join(attempts, attempts.c.run == run.id)
        .where(run.state == "succeeded", attempts.c.outcome == "lost")
        .group_by(*which)
    )
    return sa.union_all(failed, lost)


def _candidate(skill: SkillWeek, sorts: list[Sort]) -> Candidate:
    good = count(skill.judged.succeeded, "good run")
    return Candidate(
        skill=skill.name,
        version=skill.version,
        kind="retries",
        summary=f"{sorts[0].total:,} of {good} ended well only after {_called(sorts[0])}.",
        evidence=[
            f"{good} this week, {skill.before.succeeded:,} the week before.",
            *(_line(sort) for sort in sorts),
            *skill.caveat,
        ],
        runs=some(run for sort in sorts for run in sort.runs),
        sorts=frozenset(_called(sort) for sort in sorts),
    )


def _called(sort: Sort) -> str:
    return f"failed tries of {name(sort.newest.step)}" if sort.newest.step else "their worker was lost"


def _line(sort: Sort) -> str:
    newest = f"the newest run {count(sort.newest.times, 'time')}"
    return f"{count(sort.total, 'run')} after {_called(sort)}, {newest} ({cited(sort.runs)})."
