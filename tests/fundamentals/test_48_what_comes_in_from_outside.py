"""Events from outside are stored many at a time, and each is told of by itself."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from pydantic import JsonValue

from sidecar.client import NotRunning, Refused
from sidecar.client.views import Incoming
from sidecar.store.schema import events
from tests.support.live_sidecar import LiveSidecar


def incoming(name: str, id_: str, payload: str = "") -> Incoming:
    return Incoming(name=name, payload=payload, id=id_, source="webhook test")


def test_each_is_stored_once_and_one_that_is_refused_takes_no_other_along(sidecar: LiveSidecar) -> None:
    some = [
        incoming("hook.a", "1"),
        incoming("no name", "2"),
        incoming("hook.a", "1"),
        incoming("hook.a", "3", "x" * 2**21),
    ]
    told = sidecar.client.emit_many([*some, incoming("hook.b", "1")])
    assert [(one.stored, one.is_new) for one in told] == [
        (True, True),
        (False, False),
        (True, False),
        (False, False),
        (True, True),
    ]
    assert [one.refused for one in told] == [None, "EventName", None, "too_large", None]
    assert [event.id for event in sidecar.client.events(name="hook.a")] == ["1"]
    assert sidecar.client.events(name="hook.b")[0].source == "webhook test"


def test_they_may_come_as_often_as_they_do(sidecar: LiveSidecar) -> None:
    told = sidecar.client.emit_many([incoming("hook.often", str(number)) for number in range(1_100)])
    assert all(one.is_new for one in told)


def test_of_many_that_were_not_acknowledged_all_or_none_are_stored(sidecar: LiveSidecar) -> None:
    sidecar.failpoints.strike("store.commit.before")
    with pytest.raises(NotRunning):
        sidecar.client.emit_many([incoming("hook.struck", str(number)) for number in range(10)])
    assert sidecar.exit_status() == -9
    assert not sidecar.query(sa.select(events).where(events.c.name == "hook.struck"))
    sidecar.start()
    told = sidecar.client.emit_many([incoming("hook.struck", str(number)) for number in range(10)])
    assert all(one.is_new for one in told)


PRETENDER = '''"""Emit what it is told to."""

from pydantic import BaseModel

from skills import Run, event, skill


class Told(BaseModel):
    name: str
    payload: str = ""


@skill(on=event("tell", Told))
def pretender(run: Run, told: Told) -> None:
    run.emit(told.name, told.payload)
'''


def test_a_webhooks_name_is_its_doors(sidecar: LiveSidecar) -> None:
    with pytest.raises(Refused, match="is a webhook's"):
        sidecar.client.emit("hook.paid", {"amount": 7})
    sidecar.put("pretender", PRETENDER)
    for rehearsal in (False, True):
        error = sidecar.run("pretender", {"name": "hook.paid"}, rehearsal=rehearsal).run.error
        assert error is not None and "'hook.paid' is a webhook's" in error.message
    assert not sidecar.query(sa.select(events).where(events.c.name == "hook.paid"))


def test_no_event_has_the_character_nul_in_it(sidecar: LiveSidecar) -> None:
    payloads: list[JsonValue] = ["a\0b", {"a": ["\0"]}, {"a\0": 1}]
    for payload in payloads:
        with pytest.raises(Refused, match="NUL"):
            sidecar.client.emit("nul", payload)
    with pytest.raises(Refused, match="NUL"):
        sidecar.client.emit("nul", 1, id="\0")
    (told,) = sidecar.client.emit_many([incoming("hook.nul", "1", "\0")])
    assert told.refused == "NulCharacter"
    sidecar.put("pretender", PRETENDER)
    error = sidecar.run("pretender", {"name": "nul", "payload": "\0"}).run.error
    assert error is not None and "NUL" in error.message
    assert not sidecar.query(sa.select(events).where(events.c.name.in_(["nul", "hook.nul"])))
    assert sidecar.client.emit("nul", "\\u0000").payload == "\\u0000"  # six letters
