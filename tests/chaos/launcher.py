"""`python -m tests.chaos.launcher WORKSPACE`: starts the sidecar again and again in a third of the time, by a fork of a
process that has imported it. The sidecar's own processes are started as ever, by exec.

Each line on standard input starts it; it says "PID", and at its end "STATUS".
"""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from unittest.mock import patch

import sidecar.service  # noqa: F401 # imported here once for all
from sidecar.__main__ import main
from sidecar.checker.warm import Warm
from tests.chaos.disk.faults import FaultyDisk
from tests.support.sqlite_disk import SqliteDisk

DISK = "TEND_CHAOS_DISK"  # in the environment: the file that says how the disk is broken


def serve() -> None:
    gc.freeze()
    for _ in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _become_the_sidecar(Path(sys.argv[1]))
        print(pid, flush=True)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _become_the_sidecar(workspace: Path) -> None:
    """Its checks are those of throwaway processes: the zygote that makes them fast costs seconds at each start."""
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    os.dup2(2, 1)
    sys.argv = ["sidecar", "--workspace", str(workspace)]
    status = 1
    disk = SqliteDisk(FaultyDisk(Path(os.environ[DISK]))) if DISK in os.environ else None
    try:
        with patch.object(Warm, "start"):
            status = main()
    finally:
        del disk  # until here SQLite called it
        os._exit(status)


if __name__ == "__main__":
    serve()
