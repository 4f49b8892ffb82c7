"""Bounds a text, visibly."""

from __future__ import annotations


def cut(text: str, limit: int, rest: str = "") -> str:
    """At most `limit` characters of the text, and then how many are missing; `rest` says where they can be read."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]}\n[cut: {len(text) - limit:,} more characters{'; ' + rest if rest else ''}]"
