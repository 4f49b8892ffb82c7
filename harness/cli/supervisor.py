"""Keeps one sidecar running for a workspace: starts it, starts it again after a crash, stops it when told to."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import BinaryIO

from harness.cli.failure import Failure
from sidecar.client import Client, NotRunning, Refused, Settings, views

LOG = "sidecar.log"  # in the store's folder
LOG_SIZE = 5_000_000  # bytes; a longer one is put aside as sidecar.log.1 at the next start
TAIL = 20  # lines of the log that a failed start shows
LOOK = 0.05  # seconds between two looks at the process
GRACE = 15.0  # seconds that it has to end by itself
FIRST_DELAY, LONGEST_DELAY = 0.5, 30.0  # seconds before it is started again; doubled each time
PATIENT_FOR = 5.0  # seconds that a start may take without a word
ASK_AGAIN = 5.0  # seconds until one that could not answer is asked again
STEADY = 60.0  # seconds after which a crash counts as the first again

STOPPERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Supervisor:
    """`say` gets a line for a person; `came_up` is called once, when the first sidecar answers; `command` makes what
    to type next. A `worker` executes runs for other hosts, and never leads."""

    def __init__(
        self,
        settings: Settings,
        *,
        say: Callable[[str], None],
        came_up: Callable[[views.Status], None],
        command: Callable[[str], str],
        worker: bool = False,
    ) -> None:
        self._settings = settings
        self._worker = worker
        self._say = say
        self._came_up = came_up
        self._command = command
        self._log = settings.store / LOG
        self._child: subprocess.Popen[bytes] | None = None
        self._started = False  # a sidecar of ours has answered once
        self.stopped_by: int | None = None  # the signal

    def run(self) -> None:
        """Until a signal stops it. Raises Failure where the first sidecar ends before it answers."""
        heard = [stopper for stopper in STOPPERS if signal.getsignal(stopper) != signal.SIG_IGN]  # nohup ignores one
        previous = {stopper: signal.signal(stopper, self._stop) for stopper in heard}
        delay = FIRST_DELAY
        try:
            while self.stopped_by is None:
                began = time.monotonic()
                code = self._one_life()
                if self.stopped_by is not None:
                    return
                delay = FIRST_DELAY if time.monotonic() - began > STEADY else delay
                self._say(f"✗ The sidecar has ended ({_why(code)}); starting it again in {delay:g} s. Log: {self._log}")
                self._pause(delay)
                delay = min(delay * 2, LONGEST_DELAY)
        finally:
            self._end()
            for stopper, handler in previous.items():
                signal.signal(stopper, handler)

    def _one_life(self) -> int:
        """Start a sidecar and return its exit code when it has ended."""
        with _opened(self._log) as log:
            begin = log.tell()
            # -P: a module in the current folder, which may be the workspace, must not stand in for one of ours.
            command = [sys.executable, "-P", "-m", "sidecar", "--workspace", str(self._settings.workspace)]
            command += ["--worker"] if self._worker else []
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,  # Ctrl-C is ours to pass on, as a request to end
            )
        self._child = child
        status = self._answer_of(child)
        if status is None and not self._started and self.stopped_by is None:
            raise self._failed_start(child, begin)
        if status is not None and not self._started:
            self._started = True
            self._came_up(status)
        elif status is not None:
            self._say(f"● The sidecar is up again (pid {status.pid}); its runs go on where they were.")
        return self._end_of(child)

    def _answer_of(self, child: subprocess.Popen[bytes]) -> views.Status | None:
        """Its status, as soon as it answers; None where it ended before, or is to."""
        told = told_why = False
        began = time.monotonic()
        with Client(self._settings) as client:
            while child.poll() is None and self.stopped_by is None:
                try:
                    return client.status()
                except NotRunning:
                    if not told and time.monotonic() - began > PATIENT_FOR:
                        waits = "; a worker waits until one host has led" if self._worker else ""
                        self._say(f"… The sidecar has not answered yet{waits}. Log: {self._log}")
                        told = True
                    time.sleep(LOOK)
                except Refused as error:  # it runs: what keeps it from answering, such as its disk, may pass
                    if not self._started:
                        raise
                    if not told_why:
                        self._say(f"! The sidecar is up again, but: {error}")
                        told_why = True
                    self._pause(ASK_AGAIN)
        return None

    def _end_of(self, child: subprocess.Popen[bytes]) -> int:
        while (code := child.poll()) is None and self.stopped_by is None:
            time.sleep(LOOK)
        return self._end() if code is None else code

    def _end(self) -> int:
        """Let it end by itself, or kill it after a while; returns the exit code."""
        if self._child is None:
            return 0
        if self._child.poll() is None:
            self._child.terminate()
        try:
            return self._child.wait(GRACE)
        except subprocess.TimeoutExpired:
            self._say(f"! The sidecar does not end; killing it (pid {self._child.pid}). Its runs go on at the next up.")
            self._child.kill()
            return self._child.wait()

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        """Only notes it, since it interrupts anything; a second signal doesn't wait for the end."""
        if self.stopped_by is not None and self._child is not None and self._child.poll() is None:
            self._child.kill()
        self.stopped_by = number

    def _pause(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while self.stopped_by is None and time.monotonic() < deadline:
            time.sleep(LOOK)

    def _failed_start(self, child: subprocess.Popen[bytes], begin: int) -> Failure:
        written = self._log.read_bytes()[begin:].decode(errors="replace").splitlines()[-TAIL:]
        told = "\n".join(f"    {line}" for line in written) or "    (it said nothing)"
        why = f"the sidecar ended ({_why(child.wait())}) before it answered. It said in {self._log}:\n{told}"
        return Failure(why, next_=self._command("doctor"), type_="start")


def _opened(log: Path) -> BinaryIO:
    """The log, to be written on at its end."""
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > LOG_SIZE:
        log.replace(log.with_name(f"{log.name}.1"))
    return log.open("ab")


def _why(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
