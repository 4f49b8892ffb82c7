"""Turns due slots into runs. APScheduler wakes us; the rows in `slots` are the truth.

Whenever we are woken, every slot between the last look and now gets its row, fired or not, with the reason; the run
of a fired slot is created in the same transaction. So a slot fires once, whoever wakes us and however often, and
none is lost while nobody was there: starting up is just another look.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import takewhile
from typing import Any

import sqlalchemy as sa
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.engine import Connection

from sidecar.checker.manifest import Manifest
from sidecar.clock import Clock
from sidecar.failpoints import failpoint
from sidecar.journal.runs import NewRun, create
from sidecar.registry import Active, Registry
from sidecar.schedule import Schedule, Slot
from sidecar.store import Store
from sidecar.store.schema import runs, skills, slots
from sidecar.store.schema import schedules as schedule_rows

LATE_AFTER = 60.0  # seconds after its time, a slot is late
ROWS_AT_MOST = 1_000  # of one look at one schedule; older slots share one row

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Due:
    slot: Slot
    outcome: str  # fired, late, missed, paused, merged
    reason: str | None

    @property
    def fires(self) -> bool:
        return self.outcome in ("fired", "late")


class Triggers:
    """Watches the clock for every active skill. `refresh` when the registry has changed."""

    def __init__(
        self, store: Store, registry: Registry, clock: Clock, zone: str, on_new_run: Callable[[], None]
    ) -> None:
        self._store = store
        self._registry = registry
        self._clock = clock
        self._zone = zone
        self._on_new_run = on_new_run
        self._scheduler = BackgroundScheduler(
            timezone=UTC, executors={"default": ThreadPoolExecutor(1)}, job_defaults={"misfire_grace_time": None}
        )

    def start(self) -> None:
        self._scheduler.start()
        self.refresh()

    def stop(self) -> None:
        self._scheduler.shutdown(wait=True)

    def refresh(self) -> None:
        """Adopt the registry's schedules: one timer for each distinct one, however many skills share it."""
        wanted = {schedule.name: schedule for active in self._registry.all_active() for schedule in self.of(active)}
        for job in self._scheduler.get_jobs():
            if job.id not in wanted:
                job.remove()
        have = {job.id for job in self._scheduler.get_jobs()}
        for name, schedule in wanted.items():
            if name not in have:
                self._scheduler.add_job(
                    self.look, _Timer(schedule), args=[name], id=name, max_instances=1, coalesce=True
                )
        self.look()

    def of(self, active: Active) -> list[Schedule]:
        """The skill's schedules; a new one is remembered, and counts from now."""
        found = self.schedules(active.manifest)
        if not found:
            return []
        known = self._anchors(active.skill)
        if any(schedule.name not in known for schedule in found):
            self._store.write(lambda connection: self._remember(connection, active.skill, found))
            known = self._anchors(active.skill)
        return [Schedule(schedule.trigger, schedule.zone, known[schedule.name]) for schedule in found]

    def schedules(self, manifest: Manifest) -> list[Schedule]:
        """What a manifest declares, to be said in words."""
        return [Schedule(trigger, self._zone, 0.0) for trigger in manifest.triggers]

    def look(self, only: str | None = None) -> None:
        """Give every slot that has come its row, and its run."""
        now = self._clock.now()
        for active in self._registry.all_active():
            for schedule in self.of(active):
                if only in (None, schedule.name):
                    self._store.write(self._account(active, schedule, now))
        self._on_new_run()

    def _account(self, active: Active, schedule: Schedule, now: float) -> Callable[[Connection], None]:
        def change(connection: Connection) -> None:
            here = (schedule_rows.c.skill == active.skill, schedule_rows.c.schedule == schedule.name)
            seen = connection.scalar(sa.select(schedule_rows.c.seen_until).where(*here))
            current = connection.execute(
                sa.select(skills.c.active, skills.c.paused).where(skills.c.name == active.skill)
            ).one()
            if seen is None or current.active != active.version:
                return  # replaced while we looked: the refresh that follows looks again
            came = takewhile(lambda slot: slot.due <= now, schedule.after(seen))
            for due in _judge(came, active, now, paused=current.paused):
                self._record(connection, active, schedule, due, now)
            failpoint("triggers.account.before")
            connection.execute(schedule_rows.update().where(*here).values(seen_until=max(seen, now)))

        return change

    def _record(self, connection: Connection, active: Active, schedule: Schedule, due: _Due, now: float) -> None:
        waiting = _queued_run(connection, active.skill) if due.fires else None
        outcome, reason = (
            (due.outcome, due.reason) if waiting is None else ("merged", f"run {waiting} has yet to start")
        )
        row = {"skill": active.skill, "schedule": schedule.name, "slot": due.slot.civil, "due_at": due.slot.due}
        added = connection.execute(
            insert(slots)
            .values(**row, outcome=outcome, reason=reason, run=waiting, created_at=now)
            .on_conflict_do_nothing()
        )
        if added.rowcount == 0 or not due.fires or waiting is not None:
            return
        run = create(connection, new_run(active, trigger=f"{schedule.name} at {due.slot.civil}"), now)
        connection.execute(
            slots.update()
            .where(*(slots.c[name] == row[name] for name in ("skill", "schedule", "slot")))
            .values(run=run)
        )

    def _anchors(self, skill: str) -> dict[str, float]:
        query = sa.select(schedule_rows.c.schedule, schedule_rows.c.anchor).where(schedule_rows.c.skill == skill)
        return {row.schedule: row.anchor for row in self._store.rows(query)}

    def _remember(self, connection: Connection, skill: str, found: list[Schedule]) -> None:
        now = self._clock.now()
        for schedule in found:
            row = {"skill": skill, "schedule": schedule.name, "anchor": now, "seen_until": now}
            connection.execute(insert(schedule_rows).values(**row).on_conflict_do_nothing())
        connection.execute(
            schedule_rows.delete().where(
                schedule_rows.c.skill == skill, schedule_rows.c.schedule.not_in([item.name for item in found])
            )
        )


def new_run(active: Active, *, trigger: str, **more: Any) -> NewRun:
    """A run of the version that is active now."""
    return NewRun(
        skill=active.skill,
        version=active.version,
        trigger=trigger,
        concurrency=active.manifest.concurrency,
        **more,
    )


class _Timer(BaseTrigger):  # type: ignore[misc] # apscheduler ships no types
    """Wakes us at each slot of a schedule."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime | None:
        since = max(now.timestamp(), previous.timestamp() if previous else 0.0)
        slot = self._schedule.next(since)
        return datetime.fromtimestamp(slot.due, UTC) if slot else None


def _judge(came: Iterable[Slot], active: Active, now: float, *, paused: bool) -> list[_Due]:
    """What becomes of each slot that has come: on time they fire; of the late ones, those that the policy says."""
    kept: deque[Slot] = deque(maxlen=ROWS_AT_MOST)
    count = 0
    for slot in came:
        kept.append(slot)
        count += 1
    judged = []
    for place, slot in enumerate(kept):
        late = now - slot.due > LATE_AFTER
        is_last = place == len(kept) - 1
        more = f"; {count - len(kept):,} earlier ones too" if place == 0 and count > len(kept) else ""
        if paused:
            judged.append(_Due(slot, "paused", f"the skill is paused{more}"))
        elif active.manifest.catch_up == "all" or (is_last and not (late and active.manifest.catch_up == "skip")):
            judged.append(_Due(slot, "late" if late else "fired", _lateness(slot, now) if late else None))
        else:
            why = "a later one stands for it" if not is_last else "too late, and the skill does not catch up"
            judged.append(_Due(slot, "missed", f"nobody looked at its time; {why}{more}"))
    return judged


def _lateness(slot: Slot, now: float) -> str:
    return f"{now - slot.due:.0f} s after its time: no sidecar ran, or the machine slept"


def _queued_run(connection: Connection, skill: str) -> str | None:
    """A scheduled run of the skill that has not begun: a further slot would only say the same again."""
    run: str | None = connection.scalar(
        sa.select(runs.c.id).where(
            runs.c.skill == skill,
            runs.c.state == "queued",
            runs.c.attempts == 0,
            runs.c.parent.is_(None),
            runs.c.trigger.contains(" at "),
        )
    )
    return run
