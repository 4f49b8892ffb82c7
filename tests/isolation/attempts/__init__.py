"""What a hostile skill may try, one small function each: it returns where it got its way, and raises where not.

Each runs in a process of its own. `Stage` has what it is tried on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from tests.isolation.stage import Stage

Try: TypeAlias = Callable[[Stage], object]


@dataclass(frozen=True)
class Attempt:
    name: str
    try_it: Try
    needs_root: bool = False  # outside, an ordinary user can't do it either
    may_be_off: bool = False  # outside, the machine's own settings may forbid it


class Attempts:
    """A list that is written as functions: the name of each is its docstring."""

    def __init__(self) -> None:
        self._all: list[Attempt] = []

    def __call__(self, *, needs_root: bool = False, may_be_off: bool = False) -> Callable[[Try], Try]:
        def add(try_it: Try) -> Try:
            self._all.append(Attempt((try_it.__doc__ or "").rstrip("."), try_it, needs_root, may_be_off))
            return try_it

        return add

    def __iter__(self) -> Iterator[Attempt]:
        return iter(self._all)
