"""Events: that something happened, told once to everybody who listens.

    emit ─► one transaction: the event, the runs that it starts, the waits that it answers ─► acknowledged

An event that comes again (same name, same id) is the same event: nothing is stored, nothing starts. The end of a run
is told as "succeeded:SKILL" or "failed:SKILL", in the transaction that ends it.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa
from pydantic import JsonValue
from sqlalchemy.engine import Connection

from sidecar.caller import CommandRefused
from sidecar.checker.manifest import Manifest
from sidecar.events.start import start
from sidecar.events.waits import IS_WAITING, answer_waiting, step_name
from sidecar.failpoints import failpoint
from sidecar.store import Row
from sidecar.store.prepared import Prepared
from sidecar.store.schema import deliveries, events, listeners, skills, steps, versions
from sidecar.store.values import to_json
from skills.limits import event_fault

DEPTH_AT_MOST = 10  # events and started runs that lead to one another
A_MINUTE_AT_MOST = 1_000  # events of one name, but for those that came in by a door with its own key

_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")  # as JSON writes it

# By these each event comes, also of hundreds in a second.
_KNOWN = Prepared(
    sa.select(events.c.seq).where(events.c.name == sa.bindparam("name"), events.c.id == sa.bindparam("id"))
)
_INSERT = Prepared(events.insert().returning(events.c.seq))
_CONCERNED = Prepared(  # whether anybody listens or waits
    sa.select(sa.literal_column("1")).where(
        sa.or_(
            sa.exists().where(listeners.c.event == sa.bindparam("name")),
            sa.exists().where(steps.c.name == sa.bindparam("step"), IS_WAITING),
        )
    )
)
EVENT = Prepared(sa.select(events).where(events.c.seq == sa.bindparam("seq")))
_LATEST = Prepared(
    sa.select(sa.func.count())
    .where(events.c.name == sa.bindparam("name"))
    .where(events.c.at > sa.bindparam("since"), events.c.at <= sa.bindparam("now"))  # the clock may have been put back
)
_LISTENERS = Prepared(
    sa.select(listeners.c.skill, listeners.c.key, skills.c.paused, skills.c.active, versions.c.manifest)
    .join(skills, skills.c.name == listeners.c.skill)
    .join(versions, versions.c.hash == skills.c.active)
    .where(listeners.c.event == sa.bindparam("name"))
    .order_by(listeners.c.skill)
)
_DELIVERED = Prepared(deliveries.insert())


@dataclass(frozen=True)
class NewEvent:
    """`depth` counts what led to it: 0 for a person's, one more than its run's for a run's."""

    name: str
    payload: JsonValue
    source: str
    depth: int = 0
    id: str | None = None


@dataclass(frozen=True)
class Stored:
    seq: int
    is_new: bool


def emit(connection: Connection, new: NewEvent, now: float, *, by_door: bool = False) -> Stored:
    """Store the event and start what listens to it; `now` is asked in the same transaction, since runs that were made
    before it may have it. Raises CommandRefused where its name, its payload or a limit forbids it; what comes
    `by_door`, and so has proven whose it is, may come as often as it does, and alone may bear a webhook's name."""
    (require_name if by_door else require_own_name)(new.name)
    _require_no_nul(new)
    known = _KNOWN.execute(connection, {"name": new.name, "id": new.id}).fetchone()
    if known is not None:
        return Stored(known[0], is_new=False)
    if not by_door:
        _hold_back(connection, new, now)
    return Stored(_store(connection, new, now), is_new=True)


def require_name(name: str, *, own: bool = False) -> None:
    if fault := event_fault(name, own=own):
        raise CommandRefused("EventName", fault)


def require_own_name(name: str) -> None:
    """One that a person or a skill may emit."""
    require_name(name, own=True)


def _require_no_nul(new: NewEvent) -> None:
    """PostgreSQL can't look into a value that has one."""
    if _NUL.search(to_json([new.payload, new.id])):
        raise CommandRefused("NulCharacter", f"event {new.name!r} has the character NUL in it, which no text may have")


def tell_end(
    connection: Connection, run: Row, state: Literal["succeeded", "failed"], payload: JsonValue, now: float
) -> None:
    """The end of a run is an event too, where somebody listens to it."""
    name = f"{state}:{run.skill}"
    if run.rehearsal or run.trigger == "on_failure" or not _listeners(connection, name):
        return
    new = NewEvent(name, payload, f"run {run.id}", depth=run.depth + 1, id=run.id)
    try:
        _hold_back(connection, new, now)
    except CommandRefused as limit:
        _refuse(connection, new, str(limit), now)
    else:
        _store(connection, new, now)


def follow(connection: Connection, skill: str, manifest: Manifest | None) -> None:
    """From now on the skill's active version listens to what this manifest names; without one, to nothing."""
    connection.execute(listeners.delete().where(listeners.c.skill == skill))
    keys = {event.name: event.key for event in (manifest.events if manifest else ())}
    for name, key in keys.items():
        connection.execute(listeners.insert().values(event=name, skill=skill, key=key))


def _hold_back(connection: Connection, new: NewEvent, now: float) -> None:
    """Circles end here, and so do loops that emit without end."""
    if new.depth > DEPTH_AT_MOST:
        text = f"event {new.name!r} would be the {new.depth}th that leads to the next, {DEPTH_AT_MOST} are the most"
        raise CommandRefused("TooDeep", f"{text}; do two skills start each other in a circle?")
    ((latest,),) = _LATEST.rows(connection, {"name": new.name, "since": now - 60, "now": now})
    if latest >= A_MINUTE_AT_MOST:
        text = f"{A_MINUTE_AT_MOST:,} events {new.name!r} came within a minute, the most there may be"
        raise CommandRefused("TooManyEvents", f"{text}; put several things into one event")


def _refuse(connection: Connection, new: NewEvent, reason: str, now: float) -> None:
    """The run has ended, whatever becomes of those that listen: they get a row with the reason."""
    seq = _insert(connection, new, now)
    for listener in _listeners(connection, new.name):
        said = {"outcome": "refused", "reason": reason}
        _DELIVERED.execute(connection, {"event": seq, "skill": listener.skill, **said})


def _insert(connection: Connection, new: NewEvent, now: float) -> int:
    row = {**vars(new), "id": new.id or secrets.token_hex(8), "at": now}
    ((seq,),) = _INSERT.execute(connection, row).fetchall()
    return int(seq)


def _store(connection: Connection, new: NewEvent, now: float) -> int:
    seq = _insert(connection, new, now)
    failpoint("events.stored")
    if _CONCERNED.execute(connection, {"name": new.name, "step": step_name(new.name)}).fetchone():
        _deliver(connection, seq, now)
    failpoint("events.delivered")
    return seq


def _deliver(connection: Connection, seq: int, now: float) -> None:
    (event,) = EVENT.rows(connection, {"seq": seq})
    for listener in _listeners(connection, event.name):
        became = start(connection, event, listener, now)
        _DELIVERED.execute(connection, {"event": seq, "skill": listener.skill, **became})
    answer_waiting(connection, event, now)


def _listeners(connection: Connection, name: str) -> list[Row]:
    return _LISTENERS.rows(connection, {"name": name})
