"""A live sidecar that is cheap to start again, hundreds of times, and one part of which can be broken."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from unittest.mock import patch

from sidecar.__main__ import main
from sidecar.checker.warm import Warm
from tests.chaos.disk.faults import FaultyDisk
from tests.support.live_sidecar import LiveSidecar
from tests.support.sqlite_disk import SqliteDisk

DISK = "TEND_CHAOS_DISK"  # in the environment: the file that says how the disk is broken
BROKEN = "TEND_CHAOS_BROKEN"  # the dotted name of a function that does nothing and returns 0: a suite has to find it


class QuickSidecar(LiveSidecar):
    """Its checks are those of throwaway processes: the zygote that makes them fast costs a second at each start."""

    def body(self) -> Callable[[], int]:
        return _quick


def _quick() -> int:
    disk = SqliteDisk(FaultyDisk(Path(os.environ[DISK]))) if DISK in os.environ else None
    try:
        with patch.object(Warm, "start"), _broken():
            return main()
    finally:
        del disk  # until here SQLite called it


def _broken() -> AbstractContextManager[object]:
    return patch(os.environ[BROKEN], return_value=0) if BROKEN in os.environ else nullcontext()
