"""Events from outside are stored many at a time, and each is told of by itself."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from sidecar.client import NotRunning
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
