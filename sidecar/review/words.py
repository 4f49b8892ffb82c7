"""How numbers, moments and foreign text are put into a line of evidence.

What a skill or a server said is data: it is cut, kept on one line, and can't close a tag or a quotation.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from sidecar.clock import moment

VALUE_AT_MOST = 300  # characters of an output or a message that are shown
NAME_AT_MOST = 80  # of a step's or an error's name
_SPEAKING = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


def short(run: str) -> str:
    """A run's or version's name as people type it."""
    return run[:8]


def cited(runs: Iterable[str]) -> str:
    """`run 73a4f495`, or `runs 73a4f495, 3ffdd137`."""
    names = [short(run) for run in runs]
    return f"run{'s' * (len(names) != 1)} {', '.join(names)}"


def day(seconds: float) -> str:
    return f"{moment(seconds):%Y-%m-%d %H:%M} UTC"


def count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def value(text: str) -> str:
    """JSON text, cut."""
    return _cut(text, VALUE_AT_MOST).translate(_SPEAKING)


def quote(text: str) -> str:
    """Any text as one quotation, cut."""
    return json.dumps(_cut(text, VALUE_AT_MOST), ensure_ascii=False).translate(_SPEAKING)


def name(text: str) -> str:
    """A name that a skill has chosen."""
    return json.dumps(_cut(text, NAME_AT_MOST), ensure_ascii=False)[1:-1].translate(_SPEAKING)


def _cut(text: str, at_most: int) -> str:
    return text if len(text) <= at_most else f"{text[:at_most]}…"
