"""A run may want one of many events that came before it waits: few are read, in the order in which they came."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import cast

import pytest
from pydantic import JsonValue
from sqlalchemy.engine import Connection

from sidecar.caller import Caller
from sidecar.client import views
from sidecar.clock import ManualClock, moment
from sidecar.commands.events import EventCommands
from sidecar.dispatch.dispatcher import Dispatcher
from sidecar.events.emit import NewEvent, emit
from sidecar.events.waits import Wanted, take_earlier
from sidecar.journal.admission import NewRun, create
from sidecar.store import Store
from tests.support.postgresql import database, new_database
from tests.support.rows_read import rows_read
from tests.support.waiting import wait_until


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(database(tmp_path)) as store:
        yield store


def begin(store: Store) -> None:
    """The run "r", at 10."""
    store.write(lambda connection: create(connection, NewRun(id="r", skill="s", version="v", trigger="call"), 10.0))


def tell(store: Store, *orders: JsonValue, at: float = 20.0) -> None:
    for order in orders:
        event = NewEvent("paid", {"order": order}, "person")
        store.write(lambda connection, event=event: emit(connection, event, at))  # type: ignore[misc] # the default binds it


def taken(store: Store, equals: str | int | None = None) -> JsonValue:
    wanted = Wanted(name="paid", seconds=1.0, field=None if equals is None else "order", equals=equals)
    found = store.write(lambda connection: take_earlier(connection, "r", wanted))
    return found["payload"]["order"] if found else None  # type: ignore[index,call-overload] # an event


def test_they_are_given_in_the_order_in_which_they_came_and_not_by_their_times(store: Store) -> None:
    tell(store, "before", at=5.0)
    begin(store)
    for number, at in enumerate((50.0, 40.0, 60.0)):
        tell(store, number, at=at)
    assert [taken(store) for _ in range(4)] == [0, 1, 2, None]


def test_one_from_outside_that_had_to_wait_for_its_turn_came_after_the_run(store: Store) -> None:
    clock, nudged = ManualClock(moment(9.0)), SimpleNamespace(nudge=lambda: None)
    commands = EventCommands(store, clock, cast(Dispatcher, nudged))
    incoming = views.Incoming(name="paid", payload={"order": "A7"}, source="door", id="1")

    def meanwhile(connection: Connection) -> None:
        door.start()
        wait_until(lambda: store._waiting, "it waits for its turn")
        clock.advance(1.0)
        create(connection, NewRun(id="r", skill="s", version="v", trigger="call"), clock.now())

    door = Thread(target=commands.emit_many, args=(Caller("door", "web"), [incoming]))
    store.write(meanwhile)
    door.join()
    assert taken(store) == "A7"


def test_of_many_the_one_with_the_value_is_found(store: Store) -> None:
    begin(store)
    tell(store, *range(50), "7", *(f"A{number}" for number in range(50)))
    assert [taken(store, 49), taken(store, "7"), taken(store, 7), taken(store, "A49")] == [49, "7", 7, "A49"]
    assert [taken(store, 49), taken(store, "A50"), taken(store, 50)] == [None, None, None]


@pytest.mark.parametrize("equals", [None, 30, "A0"])
def test_few_are_read_at_a_time(equals: str | int | None) -> None:
    with Store(new_database()) as store:
        begin(store)
        tell(store, *range(40), *["A0"] * 40)
        with rows_read(store, "events.payload") as counts:
            assert taken(store, equals) == (0 if equals is None else equals)
        assert max(counts) <= 20
        assert sum(counts) <= 40
