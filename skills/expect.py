"""What a good run looks like, declared by the skill's author."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, kw_only=True)
class Expect:
    """Each line that a run breaks makes it a misfire, which the weekly review reads. None: not declared.

    People are alerted at once to a run that is not over `within`, and to silence, also where nothing runs.

    within               the run ends this long after it started, waits included
    messages_at_most     notices that one run may send
    silence_at_most      the longest time without a run that had something to report
    same_output_at_most  identical outputs in a row; one more is silent drift
    """

    within: timedelta | None = None
    messages_at_most: int | None = None
    silence_at_most: timedelta | None = None
    same_output_at_most: int | None = None
