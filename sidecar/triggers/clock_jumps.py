"""Notices when the wall clock goes another way than time does: it was set, or the machine slept.

A timer that waits for nine o'clock waits for a number of seconds. After a jump that number is wrong: it would fire
late by as long as the machine slept, or, where the clock was put back, not for a long time.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from sidecar.clock import Clock

LOOK_EVERY = 1.0  # seconds
A_JUMP = 1.0  # seconds between the two clocks that are more than a correction

log = logging.getLogger(__name__)


class JumpWatch:
    """Calls `on_jump` after each jump, on a thread of its own between `start` and `stop`."""

    def __init__(self, clock: Clock, on_jump: Callable[[], None], steady: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._on_jump = on_jump
        self._steady = steady
        self._apart = clock.now() - steady()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="clock-jumps", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def look(self) -> None:
        apart = self._clock.now() - self._steady()
        jumped, self._apart = apart - self._apart, apart
        if abs(jumped) > A_JUMP:
            log.warning("the clock has jumped by %+.0f s; the schedules are read again", jumped)
            self._on_jump()

    def _watch(self) -> None:
        while not self._over.wait(LOOK_EVERY):
            try:
                self.look()
            except Exception:
                log.exception("the schedules could not be read again after the clock has jumped")
