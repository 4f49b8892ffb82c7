"""Watches the clock for every active skill. APScheduler wakes us; the rows in `slots` are the truth.

Whenever we are woken, every slot between the last look and now gets its row (slots.py). So a slot fires once, whoever
wakes us and however often, and none is lost while nobody was there: starting up is just another look.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy.engine import Connection

from sidecar.batched import batched
from sidecar.checker.manifest import Manifest
from sidecar.clock import Clock
from sidecar.registry import Active, Registry
from sidecar.store import Store
from sidecar.triggers.clock_jumps import JumpWatch
from sidecar.triggers.schedule import Schedule
from sidecar.triggers.slots import Accounted, Look, account, remember, seen_until
from sidecar.triggers.timetable import Timetable

AT_ONCE = 500  # schedules that one transaction accounts for,
ROWS_AT_ONCE = 5_000  # and about how many slots, where nobody has looked for long
LOOK_AGAIN_AFTER = 1.0  # seconds
WAKE = "wake"

log = logging.getLogger(__name__)


class Triggers:
    """`refresh` when a skill's active version has changed. One thread at a time looks."""

    def __init__(
        self, store: Store, registry: Registry, clock: Clock, zone: str, on_new_run: Callable[[], None]
    ) -> None:
        self._store = store
        self._registry = registry
        self._clock = clock
        self.zone = zone
        self._on_new_run = on_new_run
        self._watched: dict[str, _Watched] = {}  # by the schedule's name
        self._stale: set[str] = set()  # skills of which another version may be active than is watched
        self._all_are_due = False
        self._changing = threading.Lock()
        self._looking = threading.Lock()
        self._timer = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(1)},
            # No look is left out: neither one that is late, nor one that comes before the last is quite over.
            job_defaults={"misfire_grace_time": None, "max_instances": 1_000},
        )
        self._jumps = JumpWatch(clock, self.clock_jumped)

    def start(self) -> None:
        """Watch every active skill, and account for the time when nobody looked."""
        self._watch(self._registry.all_active(), self._clock.now())
        self._timer.start()
        self.clock_jumped()
        self._jumps.looking.start()

    def stop(self) -> None:
        self._jumps.looking.stop()
        self._timer.shutdown(wait=True)

    def clock_jumped(self) -> None:
        """Look at every schedule, and wind the timer again: it was wound for another number of seconds."""
        with self._looking:
            self._all_are_due = True
        self._wake()

    def refresh(self, skill: str) -> None:
        """Adopt what the registry now says of this skill, and look at what came while it was replaced. Where the store
        can't be asked now, that is done as soon as it can."""
        self._stale.add(skill)
        self._wake()

    def schedules(self, manifest: Manifest) -> list[Schedule]:
        return [Schedule(trigger, self.zone) for trigger in manifest.timed]

    @property
    def watching(self) -> bool:
        """Of many hosts, the one that leads does."""
        return bool(self._timer.running)

    def coming(self) -> Iterator[str]:
        """The skills with a schedule, in the order in which they are due next, each once."""
        met: set[str] = set()
        with self._changing:
            due = [(one.timetable.next_due, list(one.skills)) for one in self._watched.values()]
        for _, here in sorted((at, skills) for at, skills in due if at is not None):
            yield from (skill for skill in here if skill not in met)
            met.update(here)

    def next_due(self, manifest: Manifest) -> float | None:
        """When the first slot of its schedules is due."""
        with self._changing:
            watched = [self._watched.get(schedule.name) for schedule in self.schedules(manifest)]
        due = [one.timetable.next_due for one in watched if one]
        return min((moment for moment in due if moment is not None), default=None)

    def _wake(self) -> None:
        """Account for what has come; soon again, where that went wrong: it may be the last for a day."""
        with self._looking:
            now = self._clock.now()
            adopted = [self._adopt(self._stale.pop(), now) for _ in range(len(self._stale))]
            looked = self._look(now)
            self._wind(not_before=0.0 if looked and all(adopted) else now + LOOK_AGAIN_AFTER)

    def _adopt(self, skill: str, now: float) -> bool:
        try:
            active = self._registry.active(skill)
            self._account_for(self._watch([active] if active else [], now, instead_of=skill), now)
        except Exception:
            log.exception("when %s is due could not be read; it is read again", skill)
            self._stale.add(skill)
            return False
        return True

    def _look(self, now: float) -> bool:
        with self._changing:
            due = [watched for watched in self._watched.values() if self._all_are_due or watched.is_due(now)]
            looks = [look for watched in due for look in watched.skills.values()]
        try:
            self._account_for(looks, now)
        except Exception:
            log.exception("what has come is not on disk; it is looked at again")
            return False
        for watched in due:
            watched.timetable.advance(now)
        self._all_are_due = False
        return True

    def _watch(self, adopted: Iterable[Active], now: float, *, instead_of: str = "") -> list[Look]:
        """From now on, instead of what was watched of a skill. A new schedule counts from now; one that can't be read
        keeps no other waiting."""
        found = [(active, self.schedules(active.manifest)) for active in adopted]
        for some in batched(found, AT_ONCE):
            self._store.write(partial(_remember, some, now))
        looks = []
        with self._changing:
            for name, watched in list(self._watched.items()):
                if watched.skills.pop(instead_of, None) and not watched.skills:
                    del self._watched[name]
            for active, schedules in found:
                for schedule in schedules:
                    try:
                        watched = self._watched.get(schedule.name) or _Watched(Timetable(schedule, now))
                    except Exception:
                        log.exception("%s never starts by %r: when that is due can't be told", active.skill, schedule)
                        continue
                    self._watched[schedule.name] = watched
                    watched.skills[active.skill] = Look.at(watched.timetable, active)
                    looks.append(watched.skills[active.skill])
        return looks

    def _account_for(self, looks: Iterable[Look], now: float) -> None:
        parts = _parts(looks)
        if self._all_are_due:
            parts = (few for part in parts for few in self._few_of(part, now))
        accounted = [self._store.write(partial(_account, part, now)) for part in parts]
        for each in accounted:
            self._stale |= each.replaced
        if any(each.started for each in accounted):
            self._on_new_run()

    def _few_of(self, looks: Sequence[Look], now: float) -> Iterator[Sequence[Look]]:
        """Nobody may have looked for long: so many of them as have room in a transaction, worked out before it."""
        since = seen_until(self._store, looks)
        few: list[Look] = []
        rows = 0
        for look in looks:
            few.append(look)
            rows += look.timetable.work_out(since.get(look.key, now), now)
            if rows >= ROWS_AT_ONCE or look is looks[-1]:
                yield few
                for each in few:
                    each.timetable.forget()
                few, rows = [], 0

    def _wind(self, *, not_before: float = 0.0) -> None:
        """Have the timer wake us when the next slot is due. Its clock is the machine's, ours may be another one."""
        if not self._timer.running:
            return
        with self._changing:
            due = [watched.timetable.next_due for watched in self._watched.values()]
        first = min((moment for moment in due if moment is not None), default=None)
        if self._stale or self._all_are_due:
            first = not_before
        if first is not None:
            seconds = max(first, not_before) - self._clock.now()
            when = datetime.now(UTC) + timedelta(seconds=seconds)
            self._timer.add_job(self._wake, "date", run_date=when, id=WAKE, replace_existing=True)


@dataclass
class _Watched:
    """A schedule, and the skills that declare it."""

    timetable: Timetable
    skills: dict[str, Look] = field(default_factory=dict)

    def is_due(self, now: float) -> bool:
        return self.timetable.next_due is not None and self.timetable.next_due <= now


def _remember(found: Sequence[tuple[Active, list[Schedule]]], now: float, connection: Connection) -> None:
    remember(connection, found, now)


def _account(looks: Sequence[Look], now: float, connection: Connection) -> Accounted:
    return account(connection, looks, now)


def _parts(looks: Iterable[Look]) -> Iterator[Sequence[Look]]:
    """What one transaction accounts for: many skills, each once."""
    rounds: list[list[Look]] = []
    met: Counter[str] = Counter()
    for look in looks:
        place = met[look.active.skill]
        met[look.active.skill] += 1
        rounds += [[]] if place == len(rounds) else []
        rounds[place].append(look)
    return (part for one in rounds for part in batched(one, AT_ONCE))
