"""The last day of each skill, hour by hour: counted where the runs are."""

from __future__ import annotations

import sqlalchemy as sa

from sidecar.caller import Caller
from sidecar.client import views
from sidecar.clock import Clock, moment
from sidecar.commands.table import command
from sidecar.journal.runs import FINAL
from sidecar.store import Store
from sidecar.store.schema import runs

HOURS = 24
AN_HOUR = 3600  # seconds


class LastDayCommands:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    @command("runs.last_day")
    def last_day(self, caller: Caller) -> list[views.Day]:  # noqa: ARG002 # every command is given its caller
        """The hours are those of UTC; the last one is the one that it is now."""
        now = self._clock.now()
        start = now - now % AN_HOUR - (HOURS - 1) * AN_HOUR
        begins = [(hour, start + hour * AN_HOUR, start + (hour + 1) * AN_HOUR) for hour in range(HOURS)]
        columns = (sa.column("hour", sa.Integer), sa.column("since", sa.Float), sa.column("until", sa.Float))
        hours = sa.values(*columns, name="hours").data(begins).cte()
        failed = sa.or_(runs.c.state == "failed", runs.c.misfire.is_not(None))
        counted = (
            sa.select(
                runs.c.skill,
                hours.c.hour,
                sa.func.count().label("runs"),
                sa.func.count().filter(failed).label("failed"),
                sa.func.count().filter(runs.c.state.not_in(FINAL)).label("unfinished"),
            )
            .join_from(hours, runs, (runs.c.created_at >= hours.c.since) & (runs.c.created_at < hours.c.until))
            .group_by(runs.c.skill, hours.c.hour)
            .order_by(runs.c.skill)
        )
        days: dict[str, dict[int, tuple[int, int, int]]] = {}
        for row in self._store.rows(counted):
            days.setdefault(row.skill, {})[row.hour] = (row.runs, row.failed, row.unfinished)
        return [views.Day(skill=skill, hours=_hours(start, found)) for skill, found in days.items()]


def _hours(start: float, found: dict[int, tuple[int, int, int]]) -> tuple[views.Hour, ...]:
    return tuple(
        views.Hour(
            since=moment(start + hour * AN_HOUR),
            **dict(zip(("runs", "failed", "unfinished"), found.get(hour, (0, 0, 0)), strict=True)),
        )
        for hour in range(HOURS)
    )
