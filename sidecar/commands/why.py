"""Why a skill ran, or did not: its last slots with what became of them, and what keeps it from running now."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sidecar.caller import Caller, CommandRefused
from sidecar.checker.report import Report
from sidecar.client import views
from sidecar.clock import Clock, moment
from sidecar.commands.show import run_views
from sidecar.commands.skills import NEXT_TIMES, SkillCommands
from sidecar.commands.table import command
from sidecar.journal.runs import FINAL
from sidecar.registry import Active, Registry
from sidecar.store import Row, Store
from sidecar.store.schema import audit, runs, slots
from sidecar.triggers.schedule import Schedule
from sidecar.triggers.slots import Triggers

SLOTS_AT_MOST = 500  # of one schedule, in one answer


class WhyCommands:
    def __init__(
        self, store: Store, clock: Clock, registry: Registry, triggers: Triggers, skills: SkillCommands
    ) -> None:
        self._store = store
        self._clock = clock
        self._registry = registry
        self._triggers = triggers
        self._skills = skills

    @command("skills.why", agent=True)
    def why(self, caller: Caller, name: str, limit: int = 10) -> views.Why:
        """`limit` slots of each schedule, newest first."""
        if not 1 <= limit <= SLOTS_AT_MOST:
            raise CommandRefused("usage", f"limit is {limit}; from 1 to {SLOTS_AT_MOST} slots can be told")
        skill = self._skills.show(caller, name).skill
        row, active = self._registry.row(name), self._registry.active(name)
        declared = self._triggers.schedules(active.manifest) if active else []

        def read(connection: Connection) -> views.Why:
            told = [self._declared(connection, name, schedule, skill, limit) for schedule in declared]
            former = _former(connection, name, [schedule.name for schedule in declared])
            told += [
                views.ScheduleHistory(schedule=one, declared=False, slots=_slots(connection, name, one, limit))
                for one in former
            ]
            obstacles = tuple(_obstacles(connection, row, active, skill.quarantine))
            return views.Why(skill=skill, obstacles=obstacles, schedules=tuple(told))

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
            next_times=() if skill.paused or (held and held.trial) else tuple(moment(slot.due) for slot in coming),
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
    wanted = sa.select(runs).where(runs.c.id.in_([slot.run for slot in found if slot.run]))
    theirs = {run.id: run for run in run_views(connection, connection.execute(wanted).all())}
    return tuple(
        views.Slot(due_at=moment(slot.due_at), outcome=slot.outcome, reason=slot.reason, run=theirs.get(slot.run or ""))
        for slot in found
    )


# ---------------------------------------------------------------- what keeps it from running now


def _obstacles(
    connection: Connection, row: Row, active: Active | None, held: views.Quarantine | None
) -> Iterator[views.Obstacle]:
    if row.retired_at is not None:
        yield _retired(connection, row)
        return
    if row.paused:
        yield _paused(connection, row)
    if held:
        yield _quarantined(row.name, held)
    if row.report and (refused := _refused(row, active)):
        yield refused
    yield from _queued(connection, row.name)


def _retired(connection: Connection, row: Row) -> views.Obstacle:
    who, why, _ = _last_audit(connection, "retire", row.name)
    return views.Obstacle(
        kind="retired",
        told=f"{who} retired it{_because(why)}.",
        since=moment(row.retired_at),
        fix=f"tend skills history {row.name}",
    )


def _paused(connection: Connection, row: Row) -> views.Obstacle:
    who, why, at = _last_audit(connection, "pause", row.name)
    return views.Obstacle(
        kind="paused",
        told=f"{who} paused it{_because(why)}.",
        since=moment(at) if at is not None else None,
        fix=f"tend skills resume {row.name}",
    )


def _quarantined(name: str, held: views.Quarantine) -> views.Obstacle:
    trial = (
        f"Run {held.trial} is its trial"
        if held.trial
        else f"One trial is let through from {held.trial_from:%F %H:%M} UTC on"
    )
    return views.Obstacle(
        kind="quarantined",
        told=f"It is quarantined: {held.reason.rstrip('.')}. {trial}.",
        since=held.since,
        run=held.last_run,
        fix=f"tend skills resume {name}",
    )


def _refused(row: Row, active: Active | None) -> views.Obstacle | None:
    report = Report.model_validate(row.report)
    if report.passed or (active and report.hash == active.version):
        return None
    count = len(report.problems)
    consequence = "the version before stays live" if active else "nothing has passed yet, so nothing runs"
    return views.Obstacle(
        kind="refused",
        told=f"Its newest bytes were refused with {count} problem{'s' * (count != 1)}; {consequence}.",
        fix=f"tend skills check {row.name}",
    )


def _queued(connection: Connection, skill: str) -> Iterator[views.Obstacle]:
    """Runs that are ready and have to wait, and for which runs."""
    of_skill = (runs.c.skill == skill, runs.c.state.not_in(FINAL))
    held = connection.execute(sa.select(runs).where(*of_skill, runs.c.admitted).order_by(runs.c.seq)).all()
    queued = connection.execute(
        sa.select(runs).where(*of_skill, runs.c.state == "queued", ~runs.c.admitted).order_by(runs.c.seq)
    ).all()
    for run in queued:
        holders = [holder for holder in held if holder.concurrency_key == run.concurrency_key]
        if len(holders) < run.concurrency:
            yield views.Obstacle(kind="queued", told=f"Run {run.id} starts when a worker is free.", run=run.id)
            continue
        names = ", ".join(f"{holder.id} ({_standing(holder)})" for holder in holders)
        yield views.Obstacle(
            kind="concurrency",
            told=f"Run {run.id} waits for {names}: concurrency={run.concurrency}.",
            run=holders[0].id,
            since=moment(run.created_at),
            fix=f"tend runs show {holders[0].id}",
        )


def _standing(run: Row) -> str:
    return f"waiting for {run.reason}" if run.state == "waiting" and run.reason else str(run.state)


def _last_audit(connection: Connection, what: str, subject: str) -> tuple[str, str, float | None]:
    """Who did it last, why, and when."""
    row = connection.execute(
        sa.select(audit.c.who, audit.c.why, audit.c.at)
        .where(audit.c.what == what, audit.c.subject == subject)
        .order_by(audit.c.seq.desc())
        .limit(1)
    ).first()
    return (row.who[:1].upper() + row.who[1:], row.why, row.at) if row else ("Somebody", "", None)


def _because(why: str) -> str:
    return f": {why.rstrip('.')}" if why else ""
