"""Runs a Python module in a process of its own, locked in and with limits, that cannot outlive its time.

The started side of it is this file again: `python -I -m sidecar.checker.limited MEMORY SECONDS SCRATCH READS MODULE
ARGS…` locks itself in, which is safe where the parent has threads, and then becomes the module.
"""

from __future__ import annotations

import contextlib
import json
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sidecar.isolation import limits as isolation
from sidecar.isolation.lock_in import LockIn
from sidecar.isolation.tiers import reached


@dataclass(frozen=True)
class Limits:
    memory: int = 1536 * 1024 * 1024  # bytes of address space
    cpu_seconds: int = 10
    wall_seconds: float = 10.0

    @property
    def imposed(self) -> isolation.Limits:
        """What the process itself is held to; its parent ends it when its time is up."""
        return isolation.Limits(memory=self.memory, processor=self.cpu_seconds)


# Of a child that a zygote forked. Who needs more gets it afterwards, in a throwaway process.
FORKED = Limits(cpu_seconds=3, wall_seconds=3.0)


@dataclass(frozen=True)
class Finished:
    status: int  # as Popen's returncode: negative is a signal
    output: str
    errors: str
    timed_out: bool = False

    def what_happened(self, limits: Limits) -> str:
        """For a person, of a process that did not end well."""
        if self.timed_out or self.status == -signal.SIGXCPU:
            return f"it took longer than {limits.wall_seconds:g} s"
        if "MemoryError" in self.errors or self.status == -signal.SIGKILL:
            return f"it needed more than {limits.memory // 1024**2} MiB of memory"
        if self.status < 0:
            return f"its process was ended by {signal.Signals(-self.status).name}"
        said = [line for line in self.errors.splitlines() if line.strip() and "note:" not in line]
        return f"its process ended with status {self.status}" + (f": {said[-1][:200]}" if said else "")


def run_limited(
    module: str,
    *arguments: str,
    stdin: str = "",
    scratch: Path | None = None,
    reads: Sequence[Path] = (),
    limits: Limits,
) -> Finished:
    """Run `python -I -m module arguments…` to its end, or to the end of its time, with an empty environment. It works
    in `scratch`, where alone it writes; it reads the libraries, and what is in `reads`."""
    command = [sys.executable, "-I", "-m", "sidecar.checker.limited", str(limits.memory), str(limits.cpu_seconds)]
    with subprocess.Popen(
        [*command, str(scratch or ""), json.dumps([str(path) for path in reads]), module, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
        cwd=scratch or "/",
        env={"LC_ALL": "C.UTF-8"},
        start_new_session=True,
    ) as process:
        try:
            output, errors = process.communicate(stdin, limits.wall_seconds)
        except subprocess.TimeoutExpired:
            _kill_group(process.pid)
            output, errors = process.communicate()
            return Finished(process.returncode, output, errors, timed_out=True)
        except BaseException:
            _kill_group(process.pid)
            raise
    return Finished(process.returncode, output, errors)


def _kill_group(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


def _become(memory: str, cpu_seconds: str, scratch: str, reads: str, module: str, *arguments: str) -> None:
    LockIn(reached().tier).close(
        range(3),
        limits=Limits(int(memory), int(cpu_seconds)).imposed,
        scratch=Path(scratch) if scratch else None,
        reads=[Path(path) for path in json.loads(reads)],
    )
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _main(arguments: Sequence[str]) -> None:
    _become(*arguments)


if __name__ == "__main__":
    _main(sys.argv[1:])
