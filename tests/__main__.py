"""`python -m tests`: everything that a change has to pass, in the order of its cost. Arguments go to pytest; with any,
PostgreSQL is left out. Test files run beside one another; with `-n 0` one after the other, as a debugger wants it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from tests.conformance import SIDE_BY_SIDE, SMALL

ROOT = Path(__file__).parent.parent
PYTHON = (sys.executable, "-m")
CHECKS = {
    "lint": (*PYTHON, "ruff", "check", "."),
    "format": (*PYTHON, "ruff", "format", "--check", "."),
    "imports": (str(Path(sys.executable).with_name("lint-imports")),),
    "types": (*PYTHON, "mypy"),
}


def main(arguments: list[str]) -> int:
    failed = [name for name, command in CHECKS.items() if not _passes(name, command)]
    if not _passes("tests", (*PYTHON, "pytest", *SIDE_BY_SIDE, *arguments)):
        failed.append("tests")
    if not arguments and not _passes("tests on PostgreSQL", (*PYTHON, "tests.conformance", *SMALL)):
        failed.append("tests on PostgreSQL")
    print(f"\nfailed: {', '.join(failed)}" if failed else "\nall passed", flush=True)
    return 1 if failed else 0


def _passes(name: str, command: tuple[str, ...]) -> bool:
    started = time.monotonic()
    print(f"── {name}", flush=True)
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("TEND_", "ANTHROPIC_"))}
    passed = _status(subprocess.Popen(command, cwd=ROOT, env=environment)) == 0
    print(f"── {name} {'passed' if passed else 'FAILED'} in {time.monotonic() - started:.0f} s", flush=True)
    return passed


def _status(process: subprocess.Popen[bytes]) -> int:
    """Wait for it. On Ctrl-C, which reaches it too, it may stop what it has started before we end."""
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.wait()
        raise


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
