"""Reads the week's numbers: one grouped query for each sort of number, for all skills at once."""

from __future__ import annotations

from collections import defaultdict
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sidecar.review.week import Cost, Counts, Durations, Part, SkillWeek, Week, active_skills
from sidecar.store.schema import attempts, effects, slots

SHOWN = 3  # runs named for the slowest and the dearest


def measure(connection: Connection, since: float, until: float) -> Week:
    week = Week(connection, since, until)
    counts, durations, costs, due = _counts(week), _durations(week), _costs(week), _slots(week)
    for row in active_skills(connection):
        week.skills[row.name] = SkillWeek(
            name=row.name,
            version=row.active,
            same_output_at_most=row.same_output_at_most,
            counts=counts[row.name],
            durations=durations[row.name],
            costs=costs[row.name],
            slots=due[row.name],
        )
    return week


def _counts(week: Week) -> dict[str, dict[Part, Counts]]:
    run = week.runs.c
    good, failed = run.state == "succeeded", week.failed
    query = sa.select(
        run.skill,
        run.part,
        sa.func.count().label("runs"),
        sa.func.count().filter(good).label("succeeded"),
        sa.func.count().filter(failed).label("failed"),
        sa.func.count().filter(good, run.nothing_to_report.is_not(None)).label("quiet"),
        sa.func.coalesce(sa.func.max(run.seq).filter(good), 0).label("newest_good"),
        sa.func.coalesce(sa.func.max(run.seq).filter(failed), 0).label("newest_failed"),
    ).group_by(run.skill, run.part)
    found: dict[str, dict[Part, Counts]] = defaultdict(dict)
    for skill, part, *numbers in week.connection.execute(query):
        found[skill][part] = Counts(*numbers)
    return found


def _durations(week: Week) -> dict[str, dict[Part, Durations]]:
    """A run that waited for a person, an event or a sub-run, or was stopped, is not measured: how long that takes is
    not its fault."""
    run = week.runs.c
    waited = sa.exists().where(attempts.c.run == run.id, attempts.c.outcome.in_(("suspended", "stopped")))
    measured = (
        sa.select(run.skill, run.part, run.id, (run.ended_at - run.started_at).label("seconds"))
        .where(run.state == "succeeded", run.started_at.is_not(None), ~waited)
        .cte("measured")
    )
    ranked, place, total = _ranked(measured, measured.c.seconds)
    query = ranked.where(sa.or_(place.in_((_median(total), _p90(total))), place > total - SHOWN)).order_by(
        "skill", "part", "place"
    )
    found: dict[str, dict[Part, Durations]] = defaultdict(dict)
    for (skill, part), group in groupby(week.connection.execute(query), lambda row: (row.skill, row.part)):
        rows = list(group)
        at = {row.place: row for row in rows}
        middle = at[_median(rows[0].total)]
        found[skill][part] = Durations(
            runs=rows[0].total,
            median=middle.seconds,
            p90=at[_p90(rows[0].total)].seconds,
            longest=rows[-1].seconds,
            slowest=tuple(row.id for row in reversed(rows[-SHOWN:])),
            typical=middle.id,
        )
    return found


def _costs(week: Week) -> dict[str, dict[Part, Cost]]:
    run = week.runs.c
    spent = (
        sa.select(run.skill, run.part, run.id, sa.func.sum(effects.c.cost_usd).label("usd"))
        .join(effects, effects.c.run == run.id)
        .where(effects.c.cost_usd > 0)
        .group_by(run.skill, run.part, run.id)
        .cte("spent")
    )
    ranked, place, total = _ranked(spent, spent.c.usd)
    sums = ranked.where(place > total - SHOWN).order_by("skill", "part", sa.desc("place"))
    found: dict[str, dict[Part, Cost]] = defaultdict(dict)
    for (skill, part), group in groupby(week.connection.execute(sums), lambda row: (row.skill, row.part)):
        rows = list(group)
        found[skill][part] = Cost(total=rows[0].sum, dearest=tuple(row.id for row in rows))
    return found


def _slots(week: Week) -> dict[str, dict[str, int]]:
    query = (
        sa.select(slots.c.skill, slots.c.outcome, sa.func.count())
        .where(slots.c.due_at >= week.since, slots.c.due_at < week.until)
        .group_by(slots.c.skill, slots.c.outcome)
    )
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for skill, outcome, number in week.connection.execute(query):
        found[skill][outcome] = number
    return found


def _ranked(measured: sa.CTE, by: sa.ColumnElement[Any]) -> tuple[Any, Any, Any]:
    """Each row with its `place` (from 1, least first) among its skill's in that part, how many these are (`total`),
    and their `sum`."""
    group = (measured.c.skill, measured.c.part)
    ranked = sa.select(
        measured,
        sa.func.row_number().over(partition_by=group, order_by=(by, measured.c.id)).label("place"),
        sa.func.count().over(partition_by=group).label("total"),
        sa.func.sum(by).over(partition_by=group).label("sum"),
    ).cte("ranked")
    return sa.select(ranked), ranked.c.place, ranked.c.total


def _median(total: Any) -> Any:
    """Its place among `total`: a number, or a column."""
    return (total + 1) // 2


def _p90(total: Any) -> Any:
    return (total * 9 + 9) // 10
