"""Why a skill ran, or did not: its last slots and events with what became of them, and what is in its way now."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sidecar.caller import Caller, CommandRefused
from sidecar.client import views
from sidecar.clock import Clock, moment
from sidecar.commands.obstacles import obstacles
from sidecar.commands.show import run_views
from sidecar.commands.skill_views import NEXT_TIMES, SkillViews
from sidecar.commands.table import command
from sidecar.registry import Registry
from sidecar.store import Row, Store
from sidecar.store.schema import deliveries, events, runs, slots
from sidecar.triggers.schedule import Schedule
from sidecar.triggers.watch import Triggers

SLOTS_AT_MOST = 500  # of one schedule, in one answer


class WhyCommands:
    def __init__(self, store: Store, clock: Clock, registry: Registry, triggers: Triggers, skills: SkillViews) -> None:
        self._store = store
        self._clock = clock
        self._registry = registry
        self._triggers = triggers
        self._skills = skills

    @command("skills.why", agent=True)
    def why(self, caller: Caller, name: str, limit: int = 10) -> views.Why:  # noqa: ARG002 # every command is given its caller
        """`limit` slots of each schedule and as many events, newest first."""
        if not 1 <= limit <= SLOTS_AT_MOST:
            raise CommandRefused("usage", f"limit is {limit}; from 1 to {SLOTS_AT_MOST} slots can be told")
        skill = self._skills.one(name)
        row, active = self._registry.row(name), self._registry.active(name)
        declared = self._triggers.schedules(active.manifest) if active else []

        def read(connection: Connection) -> views.Why:
            told = [self._declared(connection, name, schedule, skill, limit) for schedule in declared]
            former = _former(connection, name, [schedule.name for schedule in declared])
            told += [
                views.ScheduleHistory(schedule=one, declared=False, slots=_slots(connection, name, one, limit))
                for one in former
            ]
            in_the_way = obstacles(connection, row, active, skill.quarantine, self._clock.now())
            return views.Why(
                skill=skill,
                obstacles=tuple(in_the_way),
                schedules=tuple(told),
                events=_events(connection, name, limit),
            )

        return self._store.read(read)

    def _declared(
        self, connection: Connection, name: str, schedule: Schedule, skill: views.Skill, limit: int
    ) -> views.ScheduleHistory:
        held, since = skill.quarantine, self._clock.now()
        if held:
            since = max(since, held.trial_from.timestamp())
        coming = islice(schedule.after(since), NEXT_TIMES)
        return views.ScheduleHistory(
            schedule=schedule.words,
            declared=True,
            next_times=()
            if skill.paused or skill.stopped or (held and held.trial)
            else tuple(moment(slot.due) for slot in coming),
            slots=_slots(connection, name, schedule.name, limit),
        )


def _former(connection: Connection, skill: str, declared: list[str]) -> list[str]:
    """Schedules that the skill had once and has no more."""
    return list(
        connection.scalars(
            sa.select(slots.c.schedule)
            .where(slots.c.skill == skill, slots.c.schedule.not_in(declared))
            .group_by(slots.c.schedule)
            .order_by(sa.func.max(slots.c.due_at).desc())
        )
    )


def _slots(connection: Connection, skill: str, schedule: str, limit: int) -> tuple[views.Slot, ...]:
    found = connection.execute(
        sa.select(slots)
        .where(slots.c.skill == skill, slots.c.schedule == schedule)
        .order_by(slots.c.due_at.desc())
        .limit(limit)
    ).all()
    theirs = _runs(connection, found)
    return tuple(
        views.Slot(due_at=moment(slot.due_at), outcome=slot.outcome, reason=slot.reason, run=theirs.get(slot.run or ""))
        for slot in found
    )


def _events(connection: Connection, skill: str, limit: int) -> tuple[views.Heard, ...]:
    found = connection.execute(
        sa.select(deliveries.c.outcome, deliveries.c.reason, deliveries.c.run, events.c.name, events.c.id, events.c.at)
        .join(events, events.c.seq == deliveries.c.event)
        .where(deliveries.c.skill == skill, deliveries.c.outcome != "answered")
        .order_by(deliveries.c.seq.desc())
        .limit(limit)
    ).all()
    theirs = _runs(connection, found)
    return tuple(
        views.Heard(
            name=row.name,
            id=row.id,
            at=moment(row.at),
            outcome=row.outcome,
            reason=row.reason,
            run=theirs.get(row.run or ""),
        )
        for row in found
    )


def _runs(connection: Connection, found: Sequence[Row]) -> dict[str, views.Run]:
    """Those that the rows name and that are kept still, by their ids."""
    wanted = sa.select(runs).where(runs.c.id.in_([row.run for row in found if row.run]))
    return {run.id: run for run in run_views(connection, connection.execute(wanted).all())}
