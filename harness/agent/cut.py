"""Bounds a text, visibly."""

from __future__ import annotations


def cut(text: str, limit: int, rest: str = "") -> str:
    """At most `limit` characters of the text, and then how many are missing; `rest` says where they can be read."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]}\n[cut: {len(text) - limit:,} more characters{'; ' + rest if rest else ''}]"


def one_line(text: str, limit: int) -> str:
    """The text without its line breaks, and at most `limit` characters of it; how many are missing stands behind."""
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[:limit]}… (+{len(line) - limit:,} characters)"
