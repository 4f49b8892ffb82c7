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

_HOUR = whole(runs.c.created_at / AN_HOUR)
_FAILED = sa.or_(runs.c.state == "failed", runs.c.misfire.is_not(None))
_COUNTED = (
    sa.select(
        runs.c.skill,
        _HOUR,
        sa.func.count(),
        sa.func.count().filter(_FAILED),
        sa.func.count().filter(runs.c.state.in_(LIVE)),
    )
    .where(runs.c.created_at >= sa.bindparam("since"), runs.c.created_at < sa.bindparam("until"))
    .group_by(runs.c.skill, _HOUR)
    .order_by(runs.c.skill)
)


class LastDayCommands:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    @command("runs.last_day")
    def last_day(self, caller: Caller) -> views.Day:  # noqa: ARG002 # every command is given its caller
        """The hours are those of UTC; the last one is the one that it is now."""
        now = self._clock.now()
        first = int(now // AN_HOUR) - (HOURS - 1)
        skills: defaultdict[str, _Counts] = defaultdict(_Counts)
        day = {"since": first * AN_HOUR, "until": (first + HOURS) * AN_HOUR}
        for skill, hour, *counts in self._store.rows(_COUNTED, day):
            skills[skill].set(hour - first, *counts)
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
