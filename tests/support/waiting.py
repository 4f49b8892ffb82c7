"""Waiting for a condition instead of sleeping."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

SHORTEST, LONGEST = 0.005, 0.05  # seconds between two looks


def wait_until(condition: Callable[[], T | None], description: str, *, within: float = 60.0) -> T:
    """The first true value of `condition`; an AssertionError with the description after `within` seconds."""
    started = time.monotonic()
    while not (value := condition()):
        waited = time.monotonic() - started
        assert waited < within, f"{description}: not within {within:g} s"
        time.sleep(min(max(SHORTEST, waited / 10), LONGEST))  # who looks all the time keeps a processor from the rest
    return value
