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
        limits = {
            resource.RLIMIT_CORE: 0,
            resource.RLIMIT_CPU: self.processor,
            resource.RLIMIT_FSIZE: self.file,
            resource.RLIMIT_NOFILE: self.descriptors,
        }
        for limit, most in limits.items():
            _, hard = resource.getrlimit(limit)
            least = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(limit, (least, least))
        # macOS knows no limit on address space, and refuses to set one.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_AS, (self.memory, self.memory))
