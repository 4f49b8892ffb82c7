"""What a rehearsal makes of events, and which field a `key=` names."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from pydantic import BaseModel

from skills import Misdeclared, Run, event, skill
from skills.one_field import one_field
from skills.testing import Emitted, RehearsalFailed, Started, in_turn, rehearse


class Order(BaseModel):
    id: str
    cents: int = 0


@skill(on=event("order.placed", Order))
def ship(run: Run, order: Order) -> str:
    paid = run.wait_for("order.paid", Order, timeout=timedelta(days=2), key=lambda paid: paid.id, equals=order.id)
    if paid is None:
        return "not paid"
    run.emit("order.shipped", order, id=order.id)
    return f"paid {paid.cents}"


def test_a_rehearsal_gives_the_events_that_are_scripted_and_keeps_those_that_are_told() -> None:
    run = rehearse(ship, Order(id="A7"), waits={"order.paid": Order(id="A7", cents=5)})
    assert run.result == "paid 5"
    assert run.events == (Emitted("order.shipped", {"id": "A7", "cents": 0}),)
    assert run.steps == ("wait_for:order.paid", "emit:order.shipped")


def test_a_rehearsal_keeps_the_runs_that_are_started() -> None:
    @skill()
    def hand_on(run: Run, order: Order) -> list[str]:
        return [run.start(ship, order), run.start(ship, order)]

    run = rehearse(hand_on, Order(id="A7"))
    assert run.result == ["run-1", "run-2"]
    assert run.started == (Started("ship", {"id": "A7", "cents": 0}),) * 2


def test_none_is_a_wait_whose_time_is_up() -> None:
    before = rehearse(ship, Order(id="A7"), waits={"order.paid": Order(id="A7")}).now
    run = rehearse(ship, Order(id="A7"), waits={"order.paid": in_turn(None)})
    assert (run.result, run.events) == ("not paid", ())
    assert run.now - before == timedelta(days=2)


def test_an_event_that_was_not_scripted_is_named() -> None:
    with pytest.raises(RehearsalFailed, match=r"add waits=\{'order.paid': \.\.\.\}"):
        rehearse(ship, Order(id="A7"))


def test_a_key_names_one_field() -> None:
    assert one_field(lambda order: order.customer) == "customer"


@pytest.mark.parametrize(
    "key",
    [
        lambda order: order,
        lambda order: order.customer.id,
        lambda order: order.customer == "A7",
        lambda order: order.customer + "x",
        lambda order: "customer",
        lambda: "customer",
    ],
)
def test_whatever_else_a_key_does_is_refused(key: Callable[..., Any]) -> None:
    with pytest.raises(Misdeclared, match="names one field"):
        one_field(key)


@pytest.mark.parametrize("name", ["", "a b", "succeeded:ship"])
def test_what_is_no_name_of_an_event_is_refused(name: str) -> None:
    with pytest.raises(Misdeclared, match="an event's name is"):
        event(name, Order)
