"""The last day of each skill, hour by hour: counted where the runs are."""

from __future__ import annotations

from collections import defaultdict

import sqlalchemy as sa

from sidecar.caller import Caller
from sidecar.client import views
from sidecar.clock import Clock, moment
from sidecar.commands.table import command
from sidecar.journal.runs import LIVE
from sidecar.store import Store
from sidecar.store.schema import runs
from sidecar.store.values import whole

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
        first = int(now // AN_HOUR) - (HOURS - 1)
        hour = whole(runs.c.created_at / AN_HOUR)
        failed = sa.or_(runs.c.state == "failed", runs.c.misfire.is_not(None))
        counted = (
            sa.select(
                runs.c.skill,
                (hour - first).label("hour"),
                sa.func.count().label("runs"),
                sa.func.count().filter(failed).label("failed"),
                sa.func.count().filter(runs.c.state.in_(LIVE)).label("unfinished"),
            )
            .where(runs.c.created_at >= first * AN_HOUR, runs.c.created_at < (first + HOURS) * AN_HOUR)
            .group_by(runs.c.skill, hour)
            .order_by(runs.c.skill)
        )
        skills: defaultdict[str, _Counts] = defaultdict(_Counts)
        for skill, hour_, *counts in self._store.rows(counted):
            skills[skill].set(hour_, *counts)
        return views.Day(
            hours=tuple(moment((first + hour) * AN_HOUR) for hour in range(HOURS)),
            skills=tuple(views.SkillDay(skill=skill, **vars(counts)) for skill, counts in skills.items()),
        )


class _Counts:
    """Of one skill, by hour."""

    def __init__(self) -> None:
        self.runs = [0] * HOURS
        self.failed = [0] * HOURS
        self.unfinished = [0] * HOURS

    def set(self, hour: int, runs: int, failed: int, unfinished: int) -> None:
        self.runs[hour], self.failed[hour], self.unfinished[hour] = runs, failed, unfinished
