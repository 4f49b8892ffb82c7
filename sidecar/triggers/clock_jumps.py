"""Notices when the wall clock goes another way than time does: it was set, or the machine slept.

A timer that waits for nine o'clock waits for a number of seconds. After a jump that number is wrong: it would fire
late by as long as the machine slept, or, where the clock was put back, not for a long time.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from sidecar.clock import Clock
from sidecar.looking import Looking

A_JUMP = 1.0  # seconds between the two clocks that are more than a correction

log = logging.getLogger(__name__)


class JumpWatch:
    """Calls `on_jump` after each jump, within a second, between `start` and `stop`."""

    def __init__(self, clock: Clock, on_jump: Callable[[], None], steady: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._on_jump = on_jump
        self._steady = steady
        self._apart = clock.now() - steady()
        self.looking = Looking(clock, self.look, "clock-jumps")

    def look(self) -> None:
        apart = self._clock.now() - self._steady()
        jumped, self._apart = apart - self._apart, apart
        if abs(jumped) > A_JUMP:
            log.warning("the clock has jumped by %+.0f s; the schedules are read again", jumped)
            self._on_jump()
