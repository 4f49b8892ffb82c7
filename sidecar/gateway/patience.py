"""How long to go on trying, and how long to wait in between."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


@dataclass(frozen=True)
class Patience:
    """How long a model call is kept alive. The defaults sit out a rate limit or a short outage, and end while the
    person who asked is still there."""

    attempts: int = 5
    total: float = 900.0  # seconds, over all tries and the waits between them
    idle: float = 90.0  # seconds without a byte; Anthropic's own server sends pings well within that
    first_wait: float = 1.0  # seconds; doubled from try to try
    longest_wait: float = 30.0  # seconds; a server's Retry-After is not obeyed beyond it

    def wait(self, failures: int, retry_after: float | None) -> float:
        """Seconds until the next try, after that many `failures`. Jittered, so that callers who failed together
        don't come back together."""
        backoff = min(self.first_wait * 2.0 ** (failures - 1), self.longest_wait)
        jittered = backoff * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, keeps no secret
        return max(jittered, min(retry_after or 0.0, self.longest_wait))


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds that a server asks to be left alone: `Retry-After` as a number or as a date (RFC 9110, 10.2.3)."""
    text = headers.get("retry-after", "")
    try:
        seconds = float(text)
    except ValueError:
        seconds = _until(text)
    return max(seconds, 0.0) if math.isfinite(seconds) else None


def _until(date: str) -> float:
    try:
        when = parsedate_to_datetime(date)
    except ValueError:
        return math.nan
    return (when.replace(tzinfo=when.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
