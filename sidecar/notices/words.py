"""A message in words: its title, and a text of bounded length."""

from __future__ import annotations

from sidecar.notices.outbox import Item, Message
from sidecar.notices.tell import SAID

ITEM_AT_MOST = 3_000  # characters of one notice
TEXT_AT_MOST = 10_000  # characters of a message
TITLE_AT_MOST = 100


def title_of(message: Message) -> str:
    if len(message.items) > 1:
        return f"Tend: {len(message.items)} notices"
    (item,) = message.items
    first = (item.text.strip().splitlines() or [""])[0]
    return _cut(f"{item.skill}: {first}" if item.kind == SAID else first, TITLE_AT_MOST)


def text_of(message: Message) -> str:
    if len(message.items) == 1:
        return _told(message.items[0])
    lines, length = [f"{len(message.items)} notices:"], 0
    for number, item in enumerate(message.items):
        line = f"• {item.skill}: {_told(item)}"
        length += len(line)
        if length > TEXT_AT_MOST:
            lines.append(f"… and {len(message.items) - number} more: tend notices")
            break
        lines.append(line)
    return "\n".join(lines)


def _told(item: Item) -> str:
    more = f" (and {item.more} more like this)" if item.more else ""
    return _cut(item.text, ITEM_AT_MOST) + more


def _cut(text: str, at_most: int) -> str:
    return text if len(text) <= at_most else f"{text[:at_most]}… (+{len(text) - at_most:,} characters: tend notices)"
