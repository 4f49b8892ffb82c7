"""CloudEvents as their own SDK writes them are read; what is none is refused, and all of a batch with it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cloudevents.core.bindings.http import to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent

from harness.web.doors import cloud_events
from harness.web.doors.not_accepted import NotAccepted

GOOD: dict[str, Any] = {"specversion": "1.0", "id": "1", "source": "/shop", "type": "order.paid", "data": {"n": 1}}


def read(event: object, kind: str = cloud_events.STRUCTURED) -> list[cloud_events.CloudEvent]:
    return cloud_events.read({"content-type": kind}, json.dumps(event).encode())


def refused(event: object, kind: str = cloud_events.STRUCTURED) -> NotAccepted:
    with pytest.raises(NotAccepted) as error:
        read(event, kind)
    return error.value


@pytest.mark.parametrize("write", [to_structured_event, to_binary_event])
def test_what_their_sdk_writes_is_read(write: Any) -> None:
    attributes = {"id": "ä 1", "source": "https://shop.example.com/x?y#z", "type": "com.example.order_paid-2"}
    message = write(CloudEvent({**attributes, "specversion": "1.0", "subject": "A 7"}, {"n": [1, None, "ö"]}))
    (event,) = cloud_events.read({name.lower(): text for name, text in message.headers.items()}, message.body)
    assert event.type == attributes["type"]
    assert event.key == "https://shop.example.com/x?y#z ä 1"
    assert event.data == {"n": [1, None, "ö"]}


def test_a_text_is_kept_as_a_text_and_no_data_is_none() -> None:
    headers = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "s", "ce-type": "said"}
    (event,) = cloud_events.read({**headers, "content-type": "text/plain; charset=utf-8"}, b"{not json")
    assert event.data == "{not json"
    (event,) = cloud_events.read(headers, b"")
    assert event.data is None


def test_a_batch_is_all_of_its_events() -> None:
    events = read([GOOD, {**GOOD, "id": "2"}], cloud_events.BATCH)
    assert [event.id for event in events] == ["1", "2"]
    assert read([], cloud_events.BATCH) == []


def test_of_a_batch_with_one_that_is_wrong_none_is_taken() -> None:
    assert "1.id" in str(refused([GOOD, {**GOOD, "id": ""}], cloud_events.BATCH))


@pytest.mark.parametrize(
    "change",
    [
        {"specversion": "0.3"},
        {"specversion": None},
        {"id": ""},
        {"id": 1},
        {"id": "x" * 401},
        {"source": ""},
        {"source": "a b"},
        {"type": "no name"},
        {"type": "hook.github"},
        {"type": "succeeded:other"},
        {"data_base64": "AAAA"},
    ],
)
def test_what_is_no_event_of_ours_is_refused_with_what_is_wrong(change: dict[str, Any]) -> None:
    error = refused(GOOD | change)
    assert error.status == 422
    assert next(iter(change)) in str(error)


@pytest.mark.parametrize("event", [[], "x", None, 7, [GOOD]])
def test_an_event_is_an_object(event: object) -> None:
    assert refused(event).status == 422


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff",
        b'{"data": NaN}',
        b'{"data": "\\ud800"}',
        b'{"data": "\\u0000"}',
        b"[" * 100_000,
        b'{"data": 1e999}',
    ],
)
def test_what_not_every_database_could_hold_is_no_json(body: bytes) -> None:
    with pytest.raises(NotAccepted) as error:
        cloud_events.read({"content-type": cloud_events.STRUCTURED}, body)
    assert (error.value.type, error.value.status) == ("not_json", 400)


def test_a_backslash_before_u0000_is_a_text() -> None:
    (event,) = read({**GOOD, "data": "\\u0000"})
    assert event.data == "\\u0000"


@pytest.mark.parametrize("kind", ["application/json", "text/html", "application/cloudevents+xml", "", "a/b/c"])
def test_other_kinds_are_told_what_to_send(kind: str) -> None:
    error = refused(GOOD, kind)
    assert error.status == 415
    assert cloud_events.STRUCTURED in str(error)
