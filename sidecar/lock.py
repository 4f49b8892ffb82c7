"""One sidecar for each store: whoever holds the lock may write."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class AlreadyRunning(Exception):
    """Another sidecar has this workspace."""

    def __init__(self, pid: str) -> None:
        super().__init__(f"process {pid} is the sidecar of this workspace already. Talk to it: tend chat")
        self.pid = pid


def take_lock(store: Path) -> int:
    """The descriptor that holds the lock until it is closed. Raises AlreadyRunning."""
    lock = os.open(store / "sidecar.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pid = os.read(lock, 20).decode() or "unknown"
        os.close(lock)
        raise AlreadyRunning(pid) from None
    os.ftruncate(lock, 0)
    os.pwrite(lock, str(os.getpid()).encode(), 0)
    return lock
