"""Waiting for a condition instead of sleeping."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

STEP = 0.01  # seconds between two looks


def wait_until(condition: Callable[[], T | None], description: str, *, within: float = 20.0) -> T:
    """The first true value of `condition`; an AssertionError with the description after `within` seconds."""
    deadline = time.monotonic() + within
    while not (value := condition()):
        assert time.monotonic() < deadline, f"{description}: not within {within:g} s"
        time.sleep(STEP)
    return value
