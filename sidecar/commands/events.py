"""Commands about events: emit one, and see what became of each."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial

import sqlalchemy as sa
from pydantic import JsonValue
from sqlalchemy.engine import Connection

from sidecar.caller import Caller, CommandRefused
from sidecar.client import views
from sidecar.clock import Clock, moment
from sidecar.commands.table import command
from sidecar.dispatch.dispatcher import Dispatcher
from sidecar.events.emit import EVENT, NewEvent, Stored, emit
from sidecar.failpoints import failpoint
from sidecar.journal.steps import VALUE_AT_MOST
from sidecar.registry import record_audit
from sidecar.store import Row, Store
from sidecar.store.prepared import Prepared
from sidecar.store.schema import deliveries, events
from sidecar.store.values import to_json

_DELIVERIES = Prepared(
    sa.select(deliveries).where(deliveries.c.event == sa.bindparam("event")).order_by(deliveries.c.seq)
)

log = logging.getLogger(__name__)


class EventCommands:
    def __init__(self, store: Store, clock: Clock, dispatcher: Dispatcher) -> None:
        self._store = store
        self._clock = clock
        self._dispatcher = dispatcher

    @command("events.emit", stores=True)
    def emit(self, caller: Caller, name: str, payload: JsonValue = None, id: str | None = None) -> views.Event:  # noqa: A002 # as it is called everywhere
        """On disk, with the runs that it starts, when this returns."""
        _require_size(payload)
        new = NewEvent(name, payload, source=caller.who, id=id)
        stored = self._store.write(lambda connection: emit(connection, new, self._clock.now()))
        failpoint("events.emitted")
        self._dispatcher.nudge()
        return self._store.read(lambda connection: _one(connection, stored))

    @command("events.emit_many", stores=True)
    def emit_many(self, caller: Caller, events: list[views.Incoming]) -> list[views.EventOutcome]:  # noqa: ARG002 # every command is given its caller
        """What came in from outside, in one transaction: of each whether it is on disk, with the runs that it starts.
        How many may come is for whoever has let them in to say."""

        def one(event: views.Incoming, connection: Connection) -> Stored:
            _require_size(event.payload)
            new = NewEvent(event.name, event.payload, source=event.source, id=event.id)
            return emit(connection, new, self._clock.now(), by_door=True)

        stored = self._store.write_each([partial(one, event) for event in events])
        failpoint("events.emitted")
        if any(isinstance(one, Stored) and one.is_new for one in stored):
            self._dispatcher.nudge()
        return [_outcome(one) for one in stored]

    @command("doors.changed")
    def door_changed(self, caller: Caller, what: views.DoorChange, name: str = "") -> None:
        """Who may send events, or come in to the pages. Keys don't pass here: they were written to their files."""
        now = self._clock.now()
        self._store.write(lambda connection: record_audit(connection, now, caller.who, what, name))

    @command("events.list")
    def list_newest(self, caller: Caller, name: str | None = None, limit: int = 50) -> list[views.Event]:  # noqa: ARG002 # every command is given its caller
        query = sa.select(events).order_by(events.c.seq.desc()).limit(max(1, min(limit, 1000)))
        if name:
            query = query.where(events.c.name == name)
        return self._store.read(lambda connection: _views(connection, connection.execute(query).all()))


def _require_size(payload: JsonValue) -> None:
    if (size := len(to_json(payload).encode())) > VALUE_AT_MOST:
        text = f"the payload takes {size:,} bytes, {VALUE_AT_MOST:,} is the most"
        raise CommandRefused("too_large", f"{text}; put large data into a file and emit its path")


def _outcome(stored: Stored | Exception) -> views.EventOutcome:
    if isinstance(stored, Stored):
        return views.EventOutcome(stored=True, is_new=stored.is_new)
    if isinstance(stored, CommandRefused):
        return views.EventOutcome(stored=False, refused=stored.type, told=str(stored))
    log.error("an event was not stored", exc_info=stored)
    return views.EventOutcome(stored=False, told=str(stored))


def _one(connection: Connection, stored: Stored) -> views.Event:
    (row,) = EVENT.rows(connection, {"seq": stored.seq})
    became = _DELIVERIES.rows(connection, {"event": stored.seq})
    return _view(row, became).model_copy(update={"is_new": stored.is_new})


def _views(connection: Connection, rows: Sequence[Row]) -> list[views.Event]:
    became: dict[int, list[Row]] = {row.seq: [] for row in rows}
    found = sa.select(deliveries).where(deliveries.c.event.in_(became)).order_by(deliveries.c.seq)
    for item in connection.execute(found):
        became[item.event].append(item)
    return [_view(row, became[row.seq]) for row in rows]


def _view(row: Row, became: Sequence[Row]) -> views.Event:
    return views.Event(
        id=row.id,
        name=row.name,
        payload=row.payload,
        source=row.source,
        depth=row.depth,
        at=moment(row.at),
        deliveries=tuple(
            views.Delivery(skill=item.skill, outcome=item.outcome, reason=item.reason, run=item.run) for item in became
        ),
    )
