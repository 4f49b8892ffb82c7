"""What the sidecar and its gateway process say to each other: one JSON object a line, over a socket pair.

sidecar → gateway   Configure            once, first
sidecar → gateway   WarmUp               a model call is coming
sidecar → gateway   Call                 an effect
sidecar → gateway   Paid                 for one more try of a model call
sidecar → gateway   Cancel               its caller gave up
gateway → sidecar   Happened             while a call is under way: text that arrived, a retry
gateway → sidecar   Unpaid               while a model call is under way: its try may have been billed, and failed
gateway → sidecar   Replied or Refused   exactly one for each call that was not cancelled
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, TypeAdapter

from sidecar.gateway.requests import Request
from sidecar.gateway.settings import GatewaySettings
from skills.wire import Json, Message

MAX_REQUEST = 32 * 1024 * 1024  # bytes of one call's line; the handle refuses a longer one
MAX_LINE = 2 * MAX_REQUEST


class Configure(Message):
    op: Literal["configure"] = "configure"
    settings: GatewaySettings


class Call(Message):
    op: Literal["call"] = "call"
    id: int
    request: Request = Field(discriminator="kind")


class Cancel(Message):
    op: Literal["cancel"] = "cancel"
    id: int


class Paid(Message):
    """The next try of this call has its budget."""

    op: Literal["paid"] = "paid"
    id: int


class WarmUp(Message):
    """Import the model's client now, so that the first model call need not wait for it."""

    op: Literal["warm_up"] = "warm_up"


class Happened(Message):
    op: Literal["happened"] = "happened"
    id: int
    event: Json


class Unpaid(Message):
    """The next try of this call waits until it is paid for."""

    op: Literal["unpaid"] = "unpaid"
    id: int


class Replied(Message):
    op: Literal["replied"] = "replied"
    id: int
    reply: dict[str, Json]


class Refused(Message):
    """The call failed; `type` names one of `sidecar.gateway.errors`."""

    op: Literal["refused"] = "refused"
    id: int
    type: str
    message: str
    unbilled: bool = False
    spent: dict[str, Json] | None = None


Order: TypeAlias = Configure | Call | Paid | Cancel | WarmUp
Notice: TypeAlias = Happened | Unpaid | Replied | Refused

_ORDERS: TypeAdapter[Order] = TypeAdapter(Annotated[Order, Field(discriminator="op")])
_NOTICES: TypeAdapter[Notice] = TypeAdapter(Annotated[Notice, Field(discriminator="op")])


def to_line(message: Order | Notice) -> bytes:
    return message.model_dump_json().encode() + b"\n"


def to_order(line: bytes) -> Order:
    return _ORDERS.validate_json(line)


def to_notice(line: bytes) -> Notice:
    return _NOTICES.validate_json(line)
