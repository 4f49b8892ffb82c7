"""What a scripted model says in one turn, as the events of the Messages protocol, and what can go wrong on the way."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, TypeAlias

MODEL = "scripted-model"  # under this name, whatever was asked for: a script never passes for a model
PIECE = 24  # characters of text or tool input in one event

Request: TypeAlias = dict[str, Any]
Event: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class ToolUse:
    name: str
    input: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Status:
    """The request is answered with an error and no stream: 429, 529, 401, ..."""

    code: int
    message: str = "as scripted"
    retry_after: float | None = None  # seconds


@dataclass(frozen=True)
class Cut:
    """The stream ends after that many events, in good order as far as HTTP can tell."""

    after: int


@dataclass(frozen=True)
class Reset:
    """The connection is reset after that many events; after 0, before any reply."""

    after: int = 0


@dataclass(frozen=True)
class Hang:
    """Nothing comes after that many events, and the connection stays open."""

    after: int = 0


@dataclass(frozen=True)
class Garbled:
    """After that many events comes one that is not JSON."""

    after: int


@dataclass(frozen=True)
class ErrorEvent:
    """After that many events the stream itself reports an error, such as `overloaded_error`."""

    after: int
    type: str = "overloaded_error"


@dataclass(frozen=True)
class CutInput:
    """The last tool's input lacks its second half; everything around it is whole."""


Fault: TypeAlias = Status | Cut | Reset | Hang | Garbled | ErrorEvent | CutInput


@dataclass(frozen=True)
class Turn:
    """One reply: text, then tool uses. A `stop_reason` of "refusal" or "max_tokens" is a reply, not a fault."""

    text: str = ""
    tools: tuple[ToolUse, ...] = ()
    stop_reason: str | None = None  # None: "tool_use" where there are tools, else "end_turn"
    fault: Fault | None = None


Script: TypeAlias = Callable[[Request], Turn]


def in_order(*turns: Turn) -> Script:
    """The script that gives these turns, one a request. Asked for more, it raises, and the client gets a 400."""
    left, lock = list(turns), Lock()

    def script(_: Request) -> Turn:
        with lock:
            if not left:
                raise LookupError(f"all {len(turns)} turns of the script were given")
            return left.pop(0)

    return script


def events(turn: Turn, number: int, request: Request) -> Iterator[Event]:
    """The turn as the protocol streams it. `number` (the request's, from 1) makes the ids."""
    blocks = list(_blocks(turn, number))
    yield {
        "type": "message_start",
        "message": {
            "id": f"msg_scripted_{number}",
            "type": "message",
            "role": "assistant",
            "model": MODEL,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {"input_tokens": _tokens(_read_by_model(request)), "output_tokens": 1},
        },
    }
    for index, (start, deltas) in enumerate(blocks):
        yield {"type": "content_block_start", "index": index, "content_block": start}
        for delta in deltas:
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    yield {
        "type": "message_delta",
        "delta": {
            "stop_reason": turn.stop_reason or ("tool_use" if turn.tools else "end_turn"),
            "stop_sequence": None,
        },
        "usage": {"output_tokens": _tokens(turn.text + "".join(json.dumps(tool.input) for tool in turn.tools))},
    }
    yield {"type": "message_stop"}


def _blocks(turn: Turn, number: int) -> Iterator[tuple[Event, list[Event]]]:
    if turn.text:
        deltas = [{"type": "text_delta", "text": piece} for piece in _pieces(turn.text)]
        yield {"type": "text", "text": ""}, deltas
    for index, tool in enumerate(turn.tools):
        written = json.dumps(tool.input)
        if isinstance(turn.fault, CutInput) and index == len(turn.tools) - 1:
            written = written[: len(written) // 2]
        start = {
            "type": "tool_use",
            "id": f"toolu_scripted_{number}_{index}",
            "name": tool.name,
            "input": {},
        }
        yield start, [{"type": "input_json_delta", "partial_json": piece} for piece in _pieces(written)]


def _pieces(text: str) -> list[str]:
    return [text[start : start + PIECE] for start in range(0, len(text), PIECE)]


def _read_by_model(request: Request) -> str:
    return json.dumps([request.get(part) for part in ("system", "messages", "tools")], sort_keys=True)


def _tokens(text: str) -> int:
    """Four characters a token: near enough, and the same each time."""
    return max(1, len(text) // 4)
