"""How long the code between two steps may take: much processor time is a loop, much time alone a busy machine."""

from __future__ import annotations

import time

from sidecar.isolation.kernel import LINUX

PROCESSOR_AT_MOST = 8.0  # seconds of the worker's processor time
IN_ALL = 60.0  # seconds
LOOK_EVERY = 1.0


class BodyTime:
    """Of one worker; `restart` begins it anew."""

    def __init__(self, pid: int | None) -> None:
        self._pid = pid
        self.restart()

    def restart(self) -> None:
        self._until = time.monotonic() + IN_ALL
        self._used = self._processor()

    def left(self) -> float:
        """Seconds until one has to look again; none where the time is used up."""
        return 0.0 if self._loops() else min(self._until - time.monotonic(), LOOK_EVERY)

    def words(self) -> str:
        """Which time is used up."""
        return f"{PROCESSOR_AT_MOST:g} s of processor time" if self._loops() else f"{IN_ALL:g} s"

    def _loops(self) -> bool:
        return self._processor() - self._used > PROCESSOR_AT_MOST

    def _processor(self) -> float:
        """What the process has used so far. Only Linux tells of another process."""
        if not LINUX or self._pid is None:
            return 0.0
        try:
            return time.clock_gettime(~self._pid << 3 | 2)  # as clock_getcpuclockid(3) has it
        except OSError:  # it has ended
            return 0.0
