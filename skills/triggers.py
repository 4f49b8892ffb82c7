"""What starts a run by itself. Triggers combine with `|`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, overload

from typing_extensions import TypeForm, TypeVar

from skills.errors import Misdeclared
from skills.failure import Failure
from skills.values import Jsonable
from skills.wire import HOOKS, is_event_name

if TYPE_CHECKING:
    from skills.definition import CalledSkill, EventSkill, ScheduledSkill

# The decorator that `skill(on=...)` becomes; without a trigger it is the default's.
Decorator = TypeVar("Decorator", default="CalledSkill")

EventPayload = TypeVar("EventPayload", bound=Jsonable)
OtherPayload = TypeVar("OtherPayload", bound=Jsonable)


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


@dataclass(frozen=True)
class Event:
    name: str


Cause: TypeAlias = Cron | Every | At | Event


@dataclass(frozen=True)
class Trigger(Generic[Decorator]):
    """One or more causes. `|` also joins the payloads: `event("a", A) | cron(...)` wants a payload of `A | None`."""

    causes: tuple[Cause, ...]

    @overload
    def __or__(self: Trigger[ScheduledSkill], other: Trigger[ScheduledSkill], /) -> Trigger[ScheduledSkill]: ...
    @overload
    def __or__(
        self: Trigger[EventSkill[EventPayload]], other: Trigger[ScheduledSkill], /
    ) -> Trigger[EventSkill[EventPayload | None]]: ...
    @overload
    def __or__(
        self: Trigger[ScheduledSkill], other: Trigger[EventSkill[EventPayload]], /
    ) -> Trigger[EventSkill[EventPayload | None]]: ...
    @overload
    def __or__(
        self: Trigger[EventSkill[EventPayload]], other: Trigger[EventSkill[OtherPayload]], /
    ) -> Trigger[EventSkill[EventPayload | OtherPayload]]: ...
    def __or__(self: Trigger[Any], other: Trigger[Any], /) -> Trigger[Any]:
        return Trigger(self.causes + other.causes)


def cron(expression: str, tz: str | None = None) -> Trigger[ScheduledSkill]:
    """At the minutes that five fields name, as Debian's cron reads them: `cron("0 9 * * 1-5", tz="Europe/Berlin")`.

    `tz` is an IANA zone; left out, it is the workspace's.
    """
    return Trigger((Cron(expression, tz),))


def every(interval: timedelta) -> Trigger[ScheduledSkill]:
    """Again and again, at the multiples of `interval` since 1970-01-01 UTC."""
    if interval <= timedelta(0):
        raise Misdeclared(f"every({interval!r}): the interval has to be longer than zero")
    return Trigger((Every(interval),))


def at(when: datetime) -> Trigger[ScheduledSkill]:
    """Once. `when` carries its zone: `datetime(2027, 1, 1, 9, tzinfo=ZoneInfo("Europe/Berlin"))`."""
    if when.tzinfo is None:
        raise Misdeclared(f"at({when!r}): the time has no zone; add tzinfo=ZoneInfo(...)")
    return Trigger((At(when),))


def event(
    name: str,
    payload: TypeForm[EventPayload],  # noqa: ARG001 # for mypy; the skill's own annotation decodes it
    *,
    key: Callable[[EventPayload], str | int] | None = None,  # noqa: ARG001 # these are read from the source
    rate_limit: tuple[int, timedelta] | None = None,  # noqa: ARG001
    debounce: timedelta | None = None,  # noqa: ARG001
) -> Trigger[EventSkill[EventPayload]]:
    """Each time somebody emits the event: `event("order.paid", Order)`. The skill is given the payload.

    key         `lambda order: order.customer` counts `concurrency` and what follows for each value of that one field
                by itself
    rate_limit  `(10, timedelta(hours=1))`: an event that would be the 11th to start a run within an hour starts none
    debounce    a run starts when no event has come for so long, with the last one: `timedelta(seconds=30)`; where they
                do not pause, after ten times as long
    """
    if not is_event_name(name):
        raise Misdeclared(f"event({name!r}): an event's name is up to 100 letters, digits, '.', '_' and '-'")
    return Trigger((Event(name),))


def webhook(
    name: str,
    payload: TypeForm[EventPayload],
    *,
    key: Callable[[EventPayload], str | int] | None = None,
    rate_limit: tuple[int, timedelta] | None = None,
    debounce: timedelta | None = None,
) -> Trigger[EventSkill[EventPayload]]:
    """Each time a service that was given the webhook's key sends one: `webhook("github", Push)`. It is the event
    `hook.github`, and takes what `event` takes. A person makes the key: `tend hook add github`."""
    return event(f"{HOOKS}{name}", payload, key=key, rate_limit=rate_limit, debounce=debounce)


def succeeded(
    skill: str,
    returns: TypeForm[EventPayload],  # noqa: ARG001 # for mypy; the skill's own annotation decodes it
) -> Trigger[EventSkill[EventPayload]]:
    """Each time a run of another skill ends well: `succeeded("import_orders", Report)`. The payload is its result."""
    return Trigger((Event(f"succeeded:{skill}"),))


def failed(skill: str) -> Trigger[EventSkill[Failure]]:
    """Each time a run of another skill has failed for good. The payload is the `Failure`."""
    return Trigger((Event(f"failed:{skill}"),))
