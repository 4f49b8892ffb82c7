"""Many at a time, and not all: what one statement can name, what one transaction keeps the others waiting for.

(Python 3.12 has it in itertools.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def batched(items: Iterable[T], size: int) -> Iterator[tuple[T, ...]]:
    """`items` in slices of up to `size`."""
    iterator = iter(items)
    while some := tuple(islice(iterator, size)):
        yield some
