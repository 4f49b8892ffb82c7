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
from datetime import UTC, datetime
from functools import partial

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from sidecar.batched import batched
from sidecar.checker.manifest import Manifest
from sidecar.clock import Clock
from sidecar.registry import Active, Registry
from sidecar.store import Store, StoreError
from sidecar.triggers.clock_jumps import JumpWatch
from sidecar.triggers.schedule import Schedule
from sidecar.triggers.slots import Look, account, remember
from sidecar.triggers.timetable import Timetable

AT_ONCE = 500  # schedules that one transaction accounts for
LOOK_AGAIN_AFTER = 1.0  # seconds
WAKE = "wake"

log = logging.getLogger(__name__)


class Triggers:
    """`refresh` when a skill's active version has changed."""

    def __init__(
        self, store: Store, registry: Registry, clock: Clock, zone: str, on_new_run: Callable[[], None]
    ) -> None:
        self._store = store
        self._registry = registry
        self._clock = clock
        self._zone = zone
        self._on_new_run = on_new_run
        self._watched: dict[str, _Watched] = {}  # by the schedule's name
        self._changing = threading.RLock()
        self._timer = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(1)},
            # No look is left out: neither one that is late, nor one that comes before the last is quite over.
            job_defaults={"misfire_grace_time": None, "max_instances": 1_000},
        )
        self._jumps = JumpWatch(clock, self.clock_jumped)

    def start(self) -> None:
        """Watch every active skill, and account for the time when nobody looked."""
        self._watch(self._registry.all_active())
        self._timer.start()
        self.clock_jumped()
        self._jumps.looking.start()

    def stop(self) -> None:
        self._jumps.looking.stop()
        self._timer.shutdown(wait=True)

    def clock_jumped(self) -> None:
        """Look at every schedule, and wind the timer again: it was wound for another number of seconds."""
        with self._changing:
            everything = list(self._watched.values())
        self._look(everything, self._clock.now())

    def refresh(self, skill: str) -> None:
        """Adopt what the registry now says of this skill."""
        with self._changing:
            for name, watched in list(self._watched.items()):
                if watched.skills.pop(skill, None) and not watched.skills:
                    del self._watched[name]
            active = self._registry.active(skill)
            self._watch([active] if active else [])
        self._wind()

    def schedules(self, manifest: Manifest) -> list[Schedule]:
        return [Schedule(trigger, self._zone) for trigger in manifest.timed]

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

    def _watch(self, adopted: Iterable[Active]) -> None:
        """A new schedule counts from now."""
        now = self._clock.now()
        found = [(active, self.schedules(active.manifest)) for active in adopted]
        for some in batched(found, AT_ONCE):
            self._store.write(partial(_remember, some, now))
        with self._changing:
            for active, schedules in found:
                for schedule in schedules:
                    watched = self._watched.get(schedule.name) or _Watched(Timetable(schedule, now))
                    self._watched[schedule.name] = watched
                    watched.skills[active.skill] = Look.at(watched.timetable, active)

    def _wake(self) -> None:
        now = self._clock.now()
        with self._changing:
            due = [watched for watched in self._watched.values() if watched.is_due(now)]
        self._look(due, now)

    def _look(self, some: Sequence[_Watched], now: float) -> None:
        """Account for what has come; soon again, where the store takes no changes: it may be the last for a day."""
        try:
            self._account_for(some, now)
        except (StoreError, DBAPIError):
            log.exception("what has come is not on disk; it is looked at again")
            for watched in some:
                watched.look_again = True
            self._wind(not_before=now + LOOK_AGAIN_AFTER)
        else:
            self._wind()

    def _account_for(self, some: Sequence[_Watched], now: float) -> None:
        with self._changing:
            looks = [look for watched in some for look in watched.skills.values()]
        started = sum(self._store.write(partial(_account, part, now)) for part in _parts(looks))
        if started:
            self._on_new_run()
        for watched in some:
            watched.timetable.advance(now)
            watched.look_again = False

    def _wind(self, *, not_before: float = 0.0) -> None:
        """Have the timer wake us when the next slot is due."""
        if not self._timer.running:
            return
        with self._changing:
            due = [watched.due for watched in self._watched.values()]
            first = min((moment for moment in due if moment is not None), default=None)
            if first is not None:
                when = datetime.fromtimestamp(max(first, not_before), UTC)
                self._timer.add_job(self._wake, "date", run_date=when, id=WAKE, replace_existing=True)


@dataclass
class _Watched:
    """A schedule, and the skills that declare it."""

    timetable: Timetable
    skills: dict[str, Look] = field(default_factory=dict)
    look_again: bool = False

    @property
    def due(self) -> float | None:
        """When it has to be looked at."""
        return 0.0 if self.look_again else self.timetable.next_due

    def is_due(self, now: float) -> bool:
        return self.due is not None and self.due <= now


def _remember(found: Sequence[tuple[Active, list[Schedule]]], now: float, connection: Connection) -> None:
    remember(connection, found, now)


def _account(looks: Sequence[Look], now: float, connection: Connection) -> int:
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
