"""Lengths of time as they are typed: 90s, 15m, 12h, 30d."""

from __future__ import annotations

import re
from datetime import timedelta

from harness.cli.failure import USAGE, Failure

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def duration(typed: str, next_: str) -> timedelta:
    found = re.fullmatch(r"([1-9][0-9]{0,4})([smhd])", typed)
    if found is None:
        raise Failure(f"{typed!r} is no length of time: 90s, 15m, 12h or 30d", next_=next_, type_="usage", code=USAGE)
    return timedelta(**{_UNITS[found[2]]: int(found[1])})
