"""Whether a reply is whole. The SDK raises nothing when a stream is cut, and hands out the part of a tool's
input that arrived as if it were all; running a tool on that is the worst that can happen here."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

CUT_BY_LENGTH = ("max_tokens", "model_context_window_exceeded")

Block = dict[str, Any]


class Incomplete(Exception):
    """The reply can't be used; the message says what is missing."""


def with_whole_inputs(content: Sequence[Block], written: Mapping[int, str], tools: Sequence[Block]) -> list[Block]:
    """The reply's blocks, each tool's input read again from the JSON that was `written` for its block (by index).

    Raises Incomplete where an input is not one whole JSON object, or lacks what the tool's schema requires.
    A tool that nobody offered is let through: whoever runs the tools answers the model.
    """
    required = {tool["name"]: tool.get("input_schema", {}).get("required", []) for tool in tools}
    return [
        block | {"input": _whole_input(block, written.get(index, ""), required.get(block["name"], []))}
        if block["type"] == "tool_use"
        else block
        for index, block in enumerate(content)
    ]


def _whole_input(block: Block, text: str, required: Sequence[str]) -> dict[str, Any]:
    name = block["name"]
    try:
        value = json.loads(text, parse_constant=_refuse, parse_float=_finite) if text else block["input"]
    except (ValueError, RecursionError) as error:
        raise Incomplete(f"the input of the tool {name!r} is not whole JSON: {error}") from error
    if not isinstance(value, dict):
        raise Incomplete(f"the input of the tool {name!r} is {type(value).__name__}, not a JSON object")
    if missing := [key for key in required if key not in value]:
        raise Incomplete(f"the input of the tool {name!r} lacks {', '.join(missing)}")
    return value


def _finite(written: str) -> float:
    number = float(written)
    return number if math.isfinite(number) else _refuse(written)


def _refuse(written: str) -> float:
    raise ValueError(f"JSON has no number {written}")


def mended(value: Any) -> Any:
    """The value with U+FFFD in the place of halves of characters, which JSON can write and UTF-8 can't hold."""
    match value:
        case str():
            return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case dict():
            return {mended(name): mended(item) for name, item in value.items()}
        case list():
            return [mended(item) for item in value]
        case _:
            return value
