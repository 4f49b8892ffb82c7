"""Turns due slots into runs. APScheduler wakes us; the rows in `slots` are the truth.

Whenever we are woken, every slot between the last look and now gets its row, fired or not, with the reason; the run
of a fired slot is created in the same transaction. So a slot fires once, whoever wakes us and however often, and
none is lost while nobody was there: starting up is just another look. Where the clock was put back, what did not fire
in the time that comes again is judged again; what did fire has its row, and fires no more.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice, takewhile
from typing import Any, TypeVar

import sqlalchemy as sa
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from sidecar.checker.manifest import Manifest
from sidecar.clock import Clock
from sidecar.failpoints import failpoint
from sidecar.journal.admission import Skipped, create, new_run
from sidecar.quarantine.count import held_back, let_through
from sidecar.registry import Active, Registry
from sidecar.store import Store, StoreError
from sidecar.store.schema import runs, skills, slots
from sidecar.store.schema import schedules as schedule_rows
from sidecar.triggers.clock_jumps import JumpWatch
from sidecar.triggers.schedule import Schedule, Slot

LATE_AFTER = 60.0  # seconds after its time, a slot is late
LOOK_AGAIN_AFTER = timedelta(seconds=1)
SKILLS_AT_ONCE = 200  # that one transaction accounts for
ROWS_AT_MOST = 1_000  # of one look at one schedule; older slots share one row

T = TypeVar("T")

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
    """Watches the clock for every active skill. `refresh` when a skill's active version has changed."""

    def __init__(
        self, store: Store, registry: Registry, clock: Clock, zone: str, on_new_run: Callable[[], None]
    ) -> None:
        self._store = store
        self._registry = registry
        self._clock = clock
        self._zone = zone
        self._on_new_run = on_new_run
        self._watched: dict[str, dict[str, Active]] = {}  # schedule's name → the skills that share it
        self._changing = threading.RLock()
        self._timer = BackgroundScheduler(
            timezone=UTC, executors={"default": ThreadPoolExecutor(1)}, job_defaults={"misfire_grace_time": None}
        )
        self._jumps = JumpWatch(clock, self.clock_jumped)

    def start(self) -> None:
        """Watch every active skill, and account for the time when nobody looked."""
        self._timer.start()
        for active in self._registry.all_active():
            self._watch(active)
        for name in list(self._watched):
            self._wake(name)
        self._jumps.start()

    def stop(self) -> None:
        self._jumps.stop()
        self._timer.shutdown(wait=True)

    def clock_jumped(self) -> None:
        """Wind all timers again, and look: each was wound for another number of seconds."""
        with self._changing:
            for name, sharing in self._watched.items():
                self._timer.reschedule_job(name, trigger=_Timer(self._schedule(name, sharing)))
            names = list(self._watched)
        for name in names:
            self._wake(name)

    def _schedule(self, name: str, sharing: Mapping[str, Active]) -> Schedule:
        """The schedule of that name, as any of those who share it declares it."""
        anyone = next(iter(sharing.values()))
        return next(one for one in self.schedules(anyone.manifest) if one.name == name)

    def refresh(self, skill: str) -> None:
        """Adopt what the registry now says of this skill."""
        with self._changing:
            for name, sharing in list(self._watched.items()):
                if sharing.pop(skill, None) and not sharing:
                    del self._watched[name]
                    self._timer.remove_job(name)
            active = self._registry.active(skill)
            if active is not None:
                self._watch(active)

    def schedules(self, manifest: Manifest) -> list[Schedule]:
        return [Schedule(trigger, self._zone) for trigger in manifest.timed]

    def _wake(self, name: str) -> None:
        """Look; and soon again, where the store takes no changes: the slot that has come may be the last for a day."""
        try:
            self.look(name)
        except (StoreError, DBAPIError):
            log.exception("what has come of %s is not on disk; it is looked at again", name)
            at = datetime.now(UTC) + LOOK_AGAIN_AFTER
            self._timer.add_job(self._wake, "date", run_date=at, args=[name], id=f"{name} again", replace_existing=True)

    def look(self, name: str) -> None:
        """Give every slot of this schedule that has come its row, and its run."""
        now = self._clock.now()
        with self._changing:
            sharing = list(self._watched.get(name, {}).values())
        for some in batched(sharing, SKILLS_AT_ONCE):
            schedule = next(one for one in self.schedules(some[0].manifest) if one.name == name)
            if self._store.write(partial(self._account, some, schedule, now)):
                self._on_new_run()

    def _watch(self, active: Active) -> None:
        """One timer for each distinct schedule, however many skills share it."""
        found = self.schedules(active.manifest)
        self._store.write(lambda connection: _remember(connection, active.skill, found, self._clock.now()))
        with self._changing:
            for schedule in found:
                sharing = self._watched.setdefault(schedule.name, {})
                if not sharing:
                    timer = _Timer(schedule)
                    self._timer.add_job(self._wake, timer, args=[schedule.name], id=schedule.name, coalesce=True)
                sharing[active.skill] = active

    def _account(self, some: Sequence[Active], schedule: Schedule, now: float, connection: Connection) -> int:
        """In one transaction; returns how many slots have come."""
        return sum(self._account_one(connection, active, schedule, now) for active in some)

    def _account_one(self, connection: Connection, active: Active, schedule: Schedule, now: float) -> int:
        here = (schedule_rows.c.skill == active.skill, schedule_rows.c.schedule == schedule.name)
        seen = connection.scalar(sa.select(schedule_rows.c.seen_until).where(*here))
        current = connection.execute(
            sa.select(skills.c.active, skills.c.paused).where(skills.c.name == active.skill)
        ).one()
        if seen is None or current.active != active.version:
            return 0  # replaced while we looked: the refresh that follows looks again
        if seen > now:  # the clock was put back
            _forget_what_did_not_fire(connection, active.skill, schedule, now)
            connection.execute(schedule_rows.update().where(*here).values(seen_until=now))
            return 0
        came = takewhile(lambda slot: slot.due <= now, schedule.after(seen))
        judged = _judge(came, active, now, paused=current.paused)
        queued = _queued_run(connection, active.skill)
        for due in judged:
            self._record(connection, active, schedule, due, queued, now)
        if judged:
            failpoint("triggers.account.before")
            connection.execute(schedule_rows.update().where(*here).values(seen_until=now))
        return len(judged)

    def _record(
        self, connection: Connection, active: Active, schedule: Schedule, due: _Due, queued: str | None, now: float
    ) -> None:
        """`queued` is a run that was there before we looked. Where all are caught up, each late one has its own run."""
        catches_up = due.outcome == "late" and active.manifest.catch_up == "all"
        waiting = queued if due.fires and not catches_up else None
        outcome, reason = (
            (due.outcome, due.reason) if waiting is None else ("merged", f"run {waiting} has yet to start")
        )
        held = held_back(connection, active.skill, now) if due.fires and waiting is None else None
        if held is not None:
            outcome, reason = "quarantined", held
        row = {"skill": active.skill, "schedule": schedule.name, "slot": due.slot.civil, "due_at": due.slot.due}
        verdict = {"outcome": outcome, "reason": reason, "run": waiting, "created_at": now}
        added = connection.execute(insert(slots).values(**row, **verdict).on_conflict_do_nothing())
        if added.rowcount == 0 or not due.fires or waiting is not None or held is not None:
            return
        here = [slots.c[name] == row[name] for name in ("skill", "schedule", "slot")]
        connection.execute(slots.update().where(*here).values(**_started(connection, active, row, now)))


def _started(connection: Connection, active: Active, row: Mapping[str, Any], now: float) -> dict[str, str]:
    """What the slot's row says of the run that it starts, or of why there is none."""
    trigger = f"{row['schedule']} at {row['slot']}"
    new = new_run(active.skill, active.version, active.manifest, trigger=trigger)
    try:
        run = create(connection, new, now)
    except Skipped as no_room:
        return {"outcome": "skipped", "reason": str(no_room)}
    let_through(connection, active.skill, run)
    return {"run": run}


def _forget_what_did_not_fire(connection: Connection, skill: str, schedule: Schedule, now: float) -> None:
    """Slots whose time comes again are judged again, but for those that fired."""
    connection.execute(
        slots.delete().where(
            slots.c.skill == skill,
            slots.c.schedule == schedule.name,
            slots.c.due_at > now,
            slots.c.outcome.not_in(("fired", "late")),
        )
    )


def _remember(connection: Connection, skill: str, found: list[Schedule], now: float) -> None:
    """A new schedule counts from now; one that is declared no more is forgotten."""
    for schedule in found:
        row = insert(schedule_rows).values(skill=skill, schedule=schedule.name, seen_until=now)
        connection.execute(row.on_conflict_do_nothing())
    names = [schedule.name for schedule in found]
    connection.execute(
        schedule_rows.delete().where(schedule_rows.c.skill == skill, schedule_rows.c.schedule.not_in(names))
    )


def batched(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """`items` in slices of up to `size`."""
    iterator = iter(items)
    while some := tuple(islice(iterator, size)):
        yield some


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
            judged.append(_Due(slot, "late" if late else "fired", f"{_lateness(slot, now)}{more}" if late else None))
        else:
            why = "a later one stands for it" if not is_last else "too late, and the skill does not catch up"
            judged.append(_Due(slot, "missed", f"nobody looked at its time; {why}{more}"))
    return judged


def _lateness(slot: Slot, now: float) -> str:
    return f"{now - slot.due:.0f} s after its time: no sidecar ran, or the machine slept"


def _queued_run(connection: Connection, skill: str) -> str | None:
    """A scheduled run of the skill that has not begun: a further slot would only say the same again."""
    run: str | None = connection.scalar(
        sa.select(runs.c.id)
        .join(slots, slots.c.run == runs.c.id)
        .where(runs.c.skill == skill, runs.c.state == "queued", runs.c.attempts == 0)
    )
    return run
