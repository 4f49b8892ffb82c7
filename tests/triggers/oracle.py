"""When a cron expression is due, found the slow way: each minute is looked at, as crond itself does.

Written from crontab(5) and cron(8) of Debian, without our parser or its library. Over a clock change of less than three
hours a job with a fixed time that was skipped runs right after the gap, one that comes again runs once; a job with `*`
as its minute or hour goes by the new time at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Expression:
    text: str

    @property
    def fields(self) -> list[str]:
        return self.text.split()

    @property
    def is_wild(self) -> bool:
        return self.fields[0].startswith("*") or self.fields[1].startswith("*")

    def matches(self, local: datetime) -> bool:
        minute, hour, day, month, weekday = self.fields
        on_day = _has(day, local.day, 1, 31)
        on_weekday = _has(weekday, local.isoweekday() % 7, 0, 7) or (local.isoweekday() == 7 and _has(weekday, 7, 0, 7))
        restricted = not day.startswith("*") and not weekday.startswith("*")
        fits = (on_day or on_weekday) if restricted else (on_day and on_weekday)
        return (
            fits
            and _has(minute, local.minute, 0, 59)
            and _has(hour, local.hour, 0, 23)
            and _has(month, local.month, 1, 12)
        )


def _has(field: str, value: int, low: int, high: int) -> bool:
    return any(value in _values(part, low, high) for part in field.split(","))


def _values(part: str, low: int, high: int) -> range:
    span, _, step = part.partition("/")
    if span == "*":
        first, last = low, high
    elif "-" in span:
        first, last = map(int, span.split("-"))
    else:
        first, last = int(span), high if step else int(span)
    return range(first, last + 1, int(step or 1))


class Zone:
    """A zone's wall clock in one stretch of time, minute by minute."""

    def __init__(self, name: str, start: datetime, end: datetime) -> None:
        zone, self.minutes, at = ZoneInfo(name), [], start
        while at <= end:
            self.minutes.append((at, at.astimezone(zone).replace(tzinfo=None)))
            at += MINUTE

    def due(self, expression: Expression) -> list[datetime]:
        """In UTC. The stretch has to begin well before the first clock change that matters."""
        return list(self._wild(expression) if expression.is_wild else self._fixed(expression))

    def _wild(self, expression: Expression) -> Iterator[datetime]:
        return (at for at, local in self.minutes if expression.matches(local))

    def _fixed(self, expression: Expression) -> Iterator[datetime]:
        latest = self.minutes[0][1] - MINUTE  # the latest wall time so far
        for at, local in self.minutes:
            if local <= latest:
                continue  # it comes again
            skipped = [latest + MINUTE * n for n in range(1, round((local - latest) / MINUTE))]
            if any(expression.matches(wall) for wall in [*skipped, local]):
                yield at
            latest = local


def clock_changes(name: str, start: datetime, end: datetime) -> list[datetime]:
    """The hours in UTC in which the zone's offset changes."""
    zone, found, at = ZoneInfo(name), [], start.astimezone(UTC)
    while at < end:
        after = at + timedelta(hours=1)
        if at.astimezone(zone).utcoffset() != after.astimezone(zone).utcoffset():
            found.append(at)
        at = after
    return found
