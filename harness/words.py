"""How times, durations, states, money and ids are said to the person who reads."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

SHORT = 8  # letters of an id that a person is shown on a screen
LEAST_SUM = 0.0001  # USD; the least that is said exactly

# A state is a symbol and a word; the colour only repeats it.
SYMBOLS = {
    "queued": ("◌", "cyan"),
    "running": ("▶", "cyan"),
    "retrying": ("↻", "yellow"),
    "waiting": ("⏸", "yellow"),
    "suspended": ("⏸", "yellow"),
    "held": ("⏸", "yellow"),
    "succeeded": ("✓", "green"),
    "failed": ("✗", "red"),
    "timed out": ("✗", "red"),
    "lost": ("✗", "red"),
    "cancelled": ("⊘", "magenta"),
    "active": ("●", "green"),
    "draft": ("○", "dim"),
    "proposed": ("?", "yellow"),
    "retired": ("○", "dim"),
    "refused": ("✗", "red"),
    "paused": ("⏸", "yellow"),
    "stopped": ("⏹", "red"),
    "quarantined": ("⊘", "red"),
    "open": ("?", "yellow"),
    "approved": ("✓", "green"),
    "answered": ("✓", "green"),
    "accepted": ("✓", "green"),
    "denied": ("✗", "red"),
    "dismissed": ("⊘", "magenta"),
    "superseded": ("○", "dim"),
    "expired": ("⊘", "magenta"),
    "void": ("⊘", "magenta"),
    "revoked": ("⊘", "magenta"),
    "sent": ("✓", "green"),
    "ambiguous": ("?", "yellow"),
    "counted": ("·", "dim"),
    "dropped": ("⊘", "magenta"),
    "same": ("=", "dim"),
    "differs": ("≠", "yellow"),
    "only a": ("−", "red"),
    "only b": ("+", "green"),
    "ok": ("✓", "green"),
    "warning": ("!", "yellow"),
    "error": ("✗", "red"),
}


def state(name: str) -> str:
    return f"{SYMBOLS.get(name, ('·', ''))[0]} {name}"


def colour(name: str) -> str:
    return SYMBOLS.get(name, ("", ""))[1]


@dataclass(frozen=True)
class Words:
    """For one reader at one moment, in the workspace's zone."""

    now: datetime
    zone: str
    short_ids: bool = True  # on a screen; a pipe gets whole ids
    workspace: Path | None = None  # where it was named on the command line

    def id(self, identifier: str) -> str:
        return identifier[:SHORT] if self.short_ids else identifier

    def command(self, typed: str) -> str:
        """What to type next."""
        return command(typed, self.workspace)

    def relative(self, at: datetime | None) -> str:
        """`4 min ago`, `in 2 h`; a date where it is more than two months away."""
        if at is None:
            return "—"
        away = at - self.now
        if abs(away) > timedelta(days=60):
            return f"{at.astimezone(self._zone):%Y-%m-%d}"
        if abs(away) < timedelta(seconds=1):
            return "now"
        amount = _roughly(abs(away))
        return f"in {amount}" if away > timedelta(0) else f"{amount} ago"

    def exact(self, at: datetime | None) -> str:
        """`2026-11-21 09:00:00 CET`."""
        return f"{at.astimezone(self._zone):%Y-%m-%d %H:%M:%S %Z}" if at else "—"

    def clock(self, at: datetime) -> str:
        return f"{at.astimezone(self._zone):%H:%M:%S}"

    def weekday(self, at: datetime) -> str:
        """`Mon 2026-11-23 09:00 CET`."""
        return f"{at.astimezone(self._zone):%a %Y-%m-%d %H:%M %Z}"

    def between(self, start: datetime | None, end: datetime | None) -> str:
        """How long it took, or has taken until now."""
        return duration((end or self.now) - start) if start else "—"

    @cached_property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.zone)


def command(typed: str, workspace: Path | None) -> str:
    """`tend TYPED`, for the same workspace."""
    flag = f" --workspace {shlex.quote(str(workspace))}" if workspace else ""
    return f"tend {typed}{flag}"


def duration(length: timedelta) -> str:
    return duration_of(length.total_seconds())


def duration_of(seconds: float) -> str:
    """`12 ms`, `2.1 s`, `3 min 20 s`, `2 h 5 min`."""
    seconds = max(0.0, seconds)
    if round(seconds * 1000) < 1000:
        return f"{seconds * 1000:.0f} ms"
    if round(seconds, 1) < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def money(usd: float | None) -> str:
    """`$0.0123`; "unknown" where the price is."""
    if usd is None:
        return "unknown"
    if 0 < usd < LEAST_SUM:
        return f"under ${LEAST_SUM}"
    return f"${usd:.2f}" if round(usd, 4) >= 1 or usd == 0 else f"${usd:.4f}"


def count(number: int, thing: str, things: str = "") -> str:
    """`1 problem`, `2 problems`."""
    return f"{number} {thing if number == 1 else things or thing + 's'}"


def value(data: object, limit: int | None = None) -> str:
    """A JSON value on one line; longer than `limit`, it says how much is left out."""
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
    text = " ".join(text.split())
    if limit is None or len(text) <= limit:
        return text
    return f"{text[:limit]}… (+{len(text) - limit:,} characters)"


def _roughly(length: timedelta) -> str:
    seconds = length.total_seconds()
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size:.0f} {unit}"
    return f"{seconds:.0f} s"
