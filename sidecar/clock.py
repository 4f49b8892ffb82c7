"""Time as a dependency: the sidecar's clock, and one that tests move."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> float:
        """Seconds since 1970, UTC; whole microseconds, so that a time that was shown is the one that is kept."""
        ...


class SystemClock:
    def now(self) -> float:
        return round(time.time(), 6)


class ManualClock:
    """Stands still until it is moved."""

    def __init__(self, start: datetime) -> None:
        self.at = start.timestamp()

    def now(self) -> float:
        return self.at

    def advance(self, seconds: float) -> None:
        self.at += seconds


def moment(seconds: float) -> datetime:
    """A time of the store as an aware datetime."""
    return datetime.fromtimestamp(seconds, UTC)
