"""What starts a run by itself. Triggers combine with `|`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Generic, TypeAlias

from typing_extensions import TypeVar

from skills.errors import Misdeclared

if TYPE_CHECKING:
    from skills.definition import CalledSkill, ScheduledSkill

# The decorator that `skill(on=...)` becomes; without a trigger it is the default's.
Decorator = TypeVar("Decorator", default="CalledSkill")


@dataclass(frozen=True)
class Cron:
    expression: str
    zone: str | None


@dataclass(frozen=True)
class Every:
    interval: timedelta


@dataclass(frozen=True)
class At:
    when: datetime


Schedule: TypeAlias = Cron | Every | At


@dataclass(frozen=True)
class Trigger(Generic[Decorator]):
    """One or more schedules."""

    schedules: tuple[Schedule, ...]

    def __or__(self, other: Trigger[Any]) -> Trigger[Decorator]:
        return Trigger(self.schedules + other.schedules)


def cron(expression: str, tz: str | None = None) -> Trigger[ScheduledSkill]:
    """At the minutes that five fields name, as Debian's cron reads them: `cron("0 9 * * 1-5", tz="Europe/Berlin")`.

    `tz` is an IANA zone; left out, it is the workspace's.
    """
    return Trigger((Cron(expression, tz),))


def every(interval: timedelta) -> Trigger[ScheduledSkill]:
    """Again and again, `interval` after the slot before."""
    if interval <= timedelta(0):
        raise Misdeclared(f"every({interval!r}): the interval has to be longer than zero")
    return Trigger((Every(interval),))


def at(when: datetime) -> Trigger[ScheduledSkill]:
    """Once. `when` carries its zone: `datetime(2027, 1, 1, 9, tzinfo=ZoneInfo("Europe/Berlin"))`."""
    if when.tzinfo is None:
        raise Misdeclared(f"at({when!r}): the time has no zone; add tzinfo=ZoneInfo(...)")
    return Trigger((At(when),))
