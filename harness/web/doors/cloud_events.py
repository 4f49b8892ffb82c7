"""CloudEvents 1.0 over HTTP (https://github.com/cloudevents/spec): structured, batched and binary.

type         the event's name, as skills listen to it
source + id  the event's id: the same two again are the same event
data         the payload; the other attributes are for whoever passes it on
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal
from urllib.parse import unquote

from pydantic import BaseModel, ConfigDict, JsonValue, StringConstraints, ValidationError, field_validator

from harness.web.doors.bodies import JSON, media_type, parsed, value
from harness.web.doors.not_accepted import NotAccepted
from skills.wire import HOOKS, is_event_name

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
BATCH_AT_MOST = 1_000  # events

Attribute = Annotated[str, StringConstraints(min_length=1, max_length=400, pattern=r"^[^\x00-\x1f\x7f]+$")]
Reference = Annotated[str, StringConstraints(min_length=1, max_length=400, pattern=r"^[^\s\x00-\x1f\x7f]+$")]  # a URI's


class CloudEvent(BaseModel):
    """Extensions are allowed, and left out."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    specversion: Literal["1.0"]
    id: Attribute
    source: Reference
    type: Attribute
    data: JsonValue = None
    data_base64: str | None = None

    @field_validator("type")
    @classmethod
    def _is_a_name(cls, type_: str) -> str:
        if not is_event_name(type_):
            raise ValueError("an event's name is up to 100 letters, digits, '.', '_' and '-'")
        if type_.startswith(HOOKS):
            raise ValueError(f"names that begin with {HOOKS} are those of webhooks")
        return type_

    @field_validator("data_base64")
    @classmethod
    def _is_json(cls, data: str | None) -> None:
        if data is not None:
            raise ValueError("a payload is JSON or a text; send large or binary data elsewhere, and its address here")

    @property
    def key(self) -> str:
        """A source has no space."""
        return f"{self.source} {self.id}"


def read(headers: Mapping[str, str], body: bytes) -> list[CloudEvent]:
    """`headers` have small letters. Raises NotAccepted: of a batch with one that is wrong, none is taken."""
    kind = media_type(headers.get("content-type"))
    if kind == STRUCTURED:
        return [_event(parsed(body), "")]
    if kind == BATCH:
        found = parsed(body)
        if not isinstance(found, list) or len(found) > BATCH_AT_MOST:
            raise NotAccepted("usage", f"a batch is a list of up to {BATCH_AT_MOST:,} events", 422)
        return [_event(one, f"{number}.") for number, one in enumerate(found)]
    if "ce-specversion" in headers:
        return [_from_binary(headers, body, kind)]
    raise NotAccepted("media_type", f"this is no CloudEvent: send {STRUCTURED}, or ce- headers with {JSON}", 415)


def _from_binary(headers: Mapping[str, str], body: bytes, kind: str) -> CloudEvent:
    """Attributes are headers, percent-encoded; the body is the data."""
    attributes = {name.removeprefix("ce-"): unquote(text) for name, text in headers.items() if name.startswith("ce-")}
    attributes.pop("data", None)
    return _event({**attributes, "data": value(body, kind) if body else None}, "ce-")


def _event(found: JsonValue, where: str) -> CloudEvent:
    try:
        return CloudEvent.model_validate(found)
    except ValidationError as error:
        wrong = [f"{where}{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()]
        raise NotAccepted("usage", "; ".join(wrong), 422) from error
