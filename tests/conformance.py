"""`python -m tests.conformance`: what any dispatcher on any database has to pass. The tests that run on SQLite with the
local dispatcher, run again on PostgreSQL with Procrastinate. Arguments go to pytest."""

from __future__ import annotations

import os
import subprocess
import sys

# Three for two processors: the tests wait half of their time. The tests of a file share its sidecar.
SIDE_BY_SIDE = ("-n", "3", "--dist", "loadfile", "--no-loadscope-reorder")

WHOLE = ("tests/fundamentals", "tests/triggers", "tests/store", "tests/review", "tests/quarantine")

# Of it, what every change runs: steps, waits, sub-runs, a backup, and what needs no process.
SMALL = (
    "tests/fundamentals/test_04_steps.py",
    "tests/fundamentals/test_06_waiting.py",
    "tests/fundamentals/test_07_sub_runs.py",
    "tests/fundamentals/test_63_backup.py",
    *WHOLE[1:4],
)


def main(arguments: list[str]) -> int:
    environment = {**os.environ, "TEST_DATABASE": "postgresql"}
    command = [sys.executable, "-m", "pytest", *SIDE_BY_SIDE, *(arguments or WHOLE)]
    return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
