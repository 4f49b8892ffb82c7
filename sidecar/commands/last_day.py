"""The last day of each skill, hour by hour: counted where the runs are."""

from __future__ import annotations

import sqlalchemy as sa

from sidecar.caller import Caller
from sidecar.client import views
from sidecar.clock import Clock, moment
from sidecar.commands.table import command
from sidecar.journal.runs import FINAL
from sidecar.store import Row, Store
from sidecar.store.schema import runs

HOURS = 24
AN_HOUR = 3600  # seconds


class LastDayCommands:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    @command("runs.last_day")
    def last_day(self, caller: Caller) -> views.Day:  # noqa: ARG002 # every command is given its caller
        """The hours are those of UTC; the last one is the one that it is now."""
        now = self._clock.now()
        start = now - now % AN_HOUR - (HOURS - 1) * AN_HOUR
        begins = [start + hour * AN_HOUR for hour in range(HOURS)]
        rows = [(hour, since, since + AN_HOUR) for hour, since in enumerate(begins)]
        columns = (sa.column("hour", sa.Integer), sa.column("since", sa.Float), sa.column("until", sa.Float))
        hours = sa.values(*columns, name="hours").data(rows).cte()
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
        skills: dict[str, _Counts] = {}
        for row in self._store.rows(counted):
            skills.setdefault(row.skill, _Counts()).add(row)
        return views.Day(
            hours=tuple(map(moment, begins)),
            skills=tuple(views.SkillDay(skill=skill, **vars(counts)) for skill, counts in skills.items()),
        )


class _Counts:
    """Of one skill, by hour."""

    def __init__(self) -> None:
        self.runs = [0] * HOURS
        self.failed = [0] * HOURS
        self.unfinished = [0] * HOURS

    def add(self, row: Row) -> None:
        self.runs[row.hour], self.failed[row.hour], self.unfinished[row.hour] = row.runs, row.failed, row.unfinished
