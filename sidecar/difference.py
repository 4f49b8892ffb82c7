"""The difference of two texts of a skill, and the hash by which a write names the text it started from."""

from __future__ import annotations

import difflib
import hashlib
import io

from sidecar.gate import entry_of


def text_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def unified(name: str, before: str, after: str) -> str:
    """A unified diff, as `git` and `patch` read it."""
    lines = difflib.unified_diff(_lines(before), _lines(after), f"a/{entry_of(name)}", f"b/{entry_of(name)}")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _lines(text: str) -> list[str]:
    """Each with its end, which is a newline alone: for `str.splitlines` a form feed is one too."""
    return io.StringIO(text).readlines()
