"""Sidecars that are forked, each from a process that has imported the sidecar once: they start in a third of the time.
Nothing else of them differs: their own processes are started as ever, by exec. `python -m sidecar` itself is what
tests/cli starts, and whoever runs it as another user or in a namespace."""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["sidecar.__main__", __name__])


class Forked:
    """A process that `run` is the whole of, with an environment of its own; its log gets what it says."""

    def __init__(
        self, run: Callable[[], int], arguments: Sequence[str], environment: dict[str, str], folder: Path, log: Path
    ) -> None:
        # daemon: ended with the tests, should they end before it
        self._process = _CONTEXT.Process(target=_become, args=(run, arguments, environment, folder, log), daemon=True)
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float) -> int:
        self._process.join(timeout)
        status = self._process.exitcode
        assert status is not None, f"sidecar {self.pid} did not end within {timeout:g} s"
        return status


def _become(
    run: Callable[[], int], arguments: Sequence[str], environment: dict[str, str], folder: Path, log: Path
) -> None:
    """What a process that was executed finds: its arguments, environment, folder and standard streams."""
    sys.argv = ["sidecar", *arguments]
    sys.orig_argv[:] = [sys.executable, "-m", "sidecar", *arguments]
    os.environ.clear()
    os.environ.update(environment)
    tempfile.tempdir = None
    os.chdir(folder)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), 1)
    os.dup2(1, 2)
    sys.exit(run())
