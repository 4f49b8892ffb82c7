"""Runs a Python module in a process of its own, with limits, that cannot outlive its time.

The started side of it is this file again: `python -I -m sidecar.checker.limited LIMITS MODULE ARGS…` sets the limits
on itself, which is safe where the parent has threads, and then becomes the module.
"""

from __future__ import annotations

import contextlib
import os
import resource
import runpy
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Limits:
    memory: int = 1536 * 1024 * 1024  # bytes of address space
    cpu_seconds: int = 10
    wall_seconds: float = 10.0


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


def run_limited(module: str, *arguments: str, stdin: str = "", cwd: Path, limits: Limits) -> Finished:
    """Run `python -I -m module arguments…` to its end, or to the end of its time, with an empty environment."""
    command = [sys.executable, "-I", "-m", "sidecar.checker.limited"]
    with subprocess.Popen(
        [*command, str(limits.memory), str(limits.cpu_seconds), module, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
        cwd=cwd,
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


def limit_this_process(*, memory: int, cpu_seconds: int) -> None:
    # macOS knows no limit on address space, and refuses to set one.
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _become(memory: str, cpu_seconds: str, module: str, *arguments: str) -> None:
    limit_this_process(memory=int(memory), cpu_seconds=int(cpu_seconds))
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _main(arguments: Sequence[str]) -> None:
    _become(*arguments)


if __name__ == "__main__":
    _main(sys.argv[1:])
