"""What a scripted model says when it writes skills through the agent's tools."""

from __future__ import annotations

import hashlib
from typing import Any

from harness.demo.scripted_model import ToolUse, Turn


def hash_of(text: str) -> str:
    """The base that a change of this text names."""
    return hashlib.sha256(text.encode()).hexdigest()


def writes(name: str, text: str, *, base: str | None = None, reason: str = "as asked") -> Turn:
    """A turn that writes a skill; `base` is the text that it replaces."""
    given = {"name": name, "text": text, "base": hash_of(base) if base is not None else None, "reason": reason}
    return calls("write_skill", given)


def calls(tool: str, given: dict[str, Any]) -> Turn:
    return Turn(tools=(ToolUse(tool, given),))


def says(text: str) -> Turn:
    return Turn(text=text)
