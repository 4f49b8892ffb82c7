"""From what a person typed, the first letters of an id, to the one thing that is meant."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from harness.cli.failure import Failure

T = TypeVar("T")


def pick(typed: str, among: Sequence[T], name: Callable[[T], str], *, thing: str, next_: str) -> T:
    """The one of `among` whose id starts with what was typed."""
    found = [item for item in among if name(item).startswith(typed)] if typed else []
    exact = [item for item in found if name(item) == typed]
    if len(exact or found) == 1:
        return (exact or found)[0]
    if not found:
        raise Failure(f"there is no {thing} {typed!r}", next_=next_, type_="not_found")
    candidates = ", ".join(name(item) for item in found[:5])
    raise Failure(f"{typed!r} is the start of {len(found)}: {candidates}", next_=next_, type_="ambiguous")
