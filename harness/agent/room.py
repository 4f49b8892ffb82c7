"""Makes room: a request to the model, and what is remembered of a turn, are kept as steps, which hold 1 MiB at most."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from harness.agent.cut import cut
from harness.agent.limits import REMEMBERED, SHORT, WORDS
from harness.agent.memory import ApiMessage

BETWEEN = "[What I read and did between this and my answer was too much to be remembered.]"


def size(value: Any) -> int:
    """In bytes, as JSON."""
    return len(json.dumps(value, ensure_ascii=False).encode())


def shorten_results(messages: Sequence[ApiMessage], limit: int) -> None:
    """Cut the tools' results, from the oldest on, until the messages take `limit` bytes; it may not be enough."""
    excess = size(messages) - limit
    blocks = [block for message in messages if isinstance(message["content"], list) for block in message["content"]]
    for block in blocks:
        if excess <= 0:
            return
        if block["type"] == "tool_result" and len(block["content"]) > 2 * SHORT:
            whole, block["content"] = block["content"], cut(block["content"], SHORT, "this made room; call again")
            excess -= size(whole) - size(block["content"])


def remembered(messages: list[ApiMessage]) -> list[ApiMessage]:
    """A turn as it is recalled by those after it: with short results, or no more than its first and last words."""
    shorten_results(messages, REMEMBERED)
    if size(messages) <= REMEMBERED:
        return messages
    asked, answered = (cut(message["content"], WORDS) for message in (messages[0], messages[-1]))
    return [{"role": "user", "content": f"{asked}\n{BETWEEN}"}, {"role": "assistant", "content": answered}]
