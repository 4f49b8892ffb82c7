"""How often a message is tried, and when again: for about four hours in all, whatever the target asks for."""

from __future__ import annotations

TRIES = 24
LONGEST = 900.0  # seconds between two tries
LOOK_UP_AFTER = 3.0  # seconds from a lost reply: a target that is slow has it by then


def delay(tries: int, asked_for: float | None = None) -> float:
    """Seconds until the next try, after so many: 1, 2, 4, …, or as long as the target asks for, up to a limit."""
    return min(LONGEST, max(2.0 ** (tries - 1), asked_for or 0.0))
