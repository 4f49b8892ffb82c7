"""How much a process may use."""

from __future__ import annotations

import contextlib
import resource
from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    memory: int = 2 * 1024**3  # bytes of address space; a MemoryError at more
    processor: int = 3600  # seconds over the whole life of the process; it is killed at more
    file: int = 64 * 1024**2  # bytes of a file that it writes; an OSError at more
    descriptors: int = 256  # open files; an OSError at more

    def impose(self) -> None:
        """On this process and all that it starts, for good."""
        _limit(resource.RLIMIT_CORE, 0)
        _limit(resource.RLIMIT_CPU, self.processor, self.processor + 1)  # SIGXCPU, and SIGKILL where that was ignored
        _limit(resource.RLIMIT_FSIZE, self.file)
        _limit(resource.RLIMIT_NOFILE, self.descriptors)
        # macOS knows no limit on address space, and refuses to set one.
        with contextlib.suppress(ValueError, OSError):
            _limit(resource.RLIMIT_AS, self.memory)


def _limit(what: int, most: int, hard: int | None = None) -> None:
    """Never above a limit that it was given."""
    _, given = resource.getrlimit(what)
    least = (most, most if hard is None else hard)
    resource.setrlimit(what, least if given == resource.RLIM_INFINITY else (min(most, given), min(least[1], given)))
