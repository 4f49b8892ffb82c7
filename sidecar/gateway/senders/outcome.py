"""What a target said to a message, or to the question whether it has it.

sent      it has it
later     it certainly does not have it; the same may succeed later
refused   it does not have it, and won't take it
lost      no answer came: it may have it
absent    it was looked up, and is not there
unknown   it can't be looked up
"""

from __future__ import annotations

from typing import Literal

from skills.wire import Message


class Outcome(Message):
    state: Literal["sent", "later", "refused", "lost", "absent", "unknown"]
    why: str = ""
    retry_after: float | None = None  # seconds that the target asks for
    remote: str | None = None  # what the target calls it


def seconds_asked_for(header: str | None) -> float | None:
    """Of a Retry-After; None where it is a date, or no number."""
    try:
        return max(0.0, float(header)) if header else None
    except ValueError:
        return None
