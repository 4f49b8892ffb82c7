"""`python -m tests.chaos.launcher ARGUMENT...`: starts the sidecar with them, again and again in a third of the time,
by a fork of a process that has imported it. The sidecar's own processes are started as ever, by exec.

Each line on standard input starts it; it says "PID", and at its end "STATUS".
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from unittest.mock import patch

import sidecar.service  # noqa: F401 # imported here once for all
from sidecar.__main__ import main
from sidecar.checker.warm import Warm
from tests.chaos.disk.faults import FaultyDisk
from tests.support.sqlite_disk import SqliteDisk

DISK = "TEND_CHAOS_DISK"  # in the environment: the file that says how the disk is broken
BROKEN = "TEND_CHAOS_BROKEN"  # the dotted name of a function that does nothing and returns 0: a suite has to find it


def serve() -> None:
    gc.freeze()
    for _ in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _become_the_sidecar(sys.argv[1:])
        print(pid, flush=True)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _become_the_sidecar(arguments: Sequence[str]) -> None:
    """Its checks are those of throwaway processes: the zygote that makes them fast costs seconds at each start."""
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    os.dup2(2, 1)
    sys.argv = ["sidecar", *arguments]
    status = 1
    disk = SqliteDisk(FaultyDisk(Path(os.environ[DISK]))) if DISK in os.environ else None
    try:
        with patch.object(Warm, "start"), _broken():
            status = main()
    finally:
        del disk  # until here SQLite called it
        os._exit(status)


def _broken() -> AbstractContextManager[object]:
    return patch(os.environ[BROKEN], return_value=0) if BROKEN in os.environ else nullcontext()


if __name__ == "__main__":
    serve()
