"""When a declared trigger is due: cron as Debian reads it, an interval, or one moment; and how to say it in words.

A slot is one due time, named as the zone's clock shows it with its offset. Over a clock change cronsim does what
Debian's cron does: a daily time that spring skips is due right after the gap, one that autumn repeats is due once,
and `*/30` goes on by the real half hours. Intervals are counted from 1970 in UTC: every half hour is at :00 and :30.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache
from itertools import count, takewhile
from typing import assert_never
from zoneinfo import ZoneInfo

from cron_descriptor import get_description
from cronsim import CronSim

from sidecar.checker.manifest import TOO_FAR, At, Cron, Event, Every, Timed
from sidecar.client.views import CALLED_ONLY

A_MONDAY, A_YEAR, A_MINUTE = datetime(2026, 1, 5), timedelta(weeks=52), timedelta(minutes=1)  # any will do


@dataclass(frozen=True)
class Slot:
    due: float  # seconds since 1970, UTC
    civil: str  # "2026-11-21T09:00+01:00", the unique name of the slot within its schedule


@dataclass(frozen=True)
class Schedule:
    """A timed trigger with the zone it is read in. Equal ones are due together, whichever skill declares them."""

    trigger: Timed
    zone: str

    @cached_property
    def name(self) -> str:
        """The schedule's key in the store."""
        match self.trigger:
            case Cron():
                return f"cron {self.trigger.expression} {self._zone_name}"
            case Every():
                return f"every {self.trigger.seconds:g} s"
            case At():
                return f"at {self.trigger.when.isoformat()}"
        assert_never(self.trigger)

    @property
    def words(self) -> str:
        match self.trigger:
            case Cron():
                return f"{_described(self.trigger.expression)} ({self._zone_name})"
            case Every():
                return f"every {_duration(self.trigger.seconds)}"
            case At():
                return f"once, at {self.trigger.when:%Y-%m-%d %H:%M} ({self.trigger.when.tzname()})"
        assert_never(self.trigger)

    def after(self, since: float) -> Iterator[Slot]:
        """The slots after `since`, in order."""
        match self.trigger:
            case Cron():
                yield from self._cron(self.trigger.expression, since)
            case Every():
                yield from self._every(self.trigger.seconds, since)
            case At():
                when = self.trigger.when.timestamp()
                if since < when < TOO_FAR.timestamp():
                    yield Slot(when, f"{self.trigger.when:%Y-%m-%dT%H:%M:%S}")
            case _:
                assert_never(self.trigger)

    def next(self, since: float) -> Slot | None:
        return next(self.after(since), None)

    @property
    def _zone_name(self) -> str:
        return (self.trigger.zone if isinstance(self.trigger, Cron) else None) or self.zone

    def _cron(self, expression: str, since: float) -> Iterator[Slot]:
        for due in CronSim(expression, datetime.fromtimestamp(since, ZoneInfo(self._zone_name))):
            if (moment := due.timestamp()) > since:
                yield Slot(moment, due.isoformat(timespec="minutes"))

    def _every(self, seconds: float, since: float) -> Iterator[Slot]:
        for n in count(int(since // seconds)):
            if n * seconds >= TOO_FAR.timestamp():
                return
            if (due := n * seconds) > since:
                yield Slot(due, f"{datetime.fromtimestamp(due, UTC).isoformat(timespec='milliseconds')}")


@lru_cache(maxsize=10_000)
def runs_a_day(trigger: Timed) -> float:
    """How often it is due, over a year; what is due once counts as nothing."""
    match trigger:
        case Cron():
            _, _, *days = trigger.expression.split()
            cron = CronSim(trigger.expression, A_MONDAY)
            due = takewhile(lambda day: day < A_MONDAY + A_YEAR, CronSim(" ".join(("0 0", *days)), A_MONDAY - A_MINUTE))
            return sum(1 for _ in due) * len(cron.minutes) * len(cron.hours) / A_YEAR.days
        case Every():
            return 86_400 / trigger.seconds
        case At():
            return 0.0
    assert_never(trigger)


def in_words(schedules: Sequence[Schedule], events: Sequence[Event] = ()) -> str:
    """What starts a skill, as people read it."""
    told = [*(schedule.words for schedule in schedules), *(event.words for event in events)]
    return "; ".join(told) or CALLED_ONLY


@lru_cache(maxsize=1_000)
def _described(expression: str) -> str:
    """Kept: it takes most of a millisecond, and every list of skills has all of them."""
    text = get_description(expression)
    return f"{text[0].lower()}{text[1:]}"


def _duration(seconds: float) -> str:
    for name, size in (("week", 604800), ("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= size and seconds % size == 0:
            times = int(seconds // size)
            return name if times == 1 else f"{times} {name}s"
    return "second" if seconds == 1 else f"{seconds:g} seconds"
