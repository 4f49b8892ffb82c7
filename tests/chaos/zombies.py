"""Processes that are stopped and not dead, and a second sidecar: who was given up can do no harm, and a retry begins
only when it is proven dead."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable
from itertools import count

import sqlalchemy as sa

from sidecar.store.schema import step_attempts
from tests.chaos.quick_sidecar import QuickSidecar
from tests.chaos.suite import Suite
from tests.chaos.ticker import TICKER, TICKER_TEXT, assert_every_slot_once
from tests.support.processes import children_of, is_alive
from tests.support.sink import Sink
from tests.support.waiting import wait_until

GONE_WITHIN = 5.0  # seconds from a cancellation to the death of all its processes
TAKEN_OVER_WITHIN = 10.0
BACKOFF = 0.2

STEPS = '''"""Two steps."""

from datetime import timedelta

from skills import Run, http, skill, step


@step(ARGUMENTS)
def call(path: str) -> str:
    http.post(f"http://HOST/{path}").raise_for_status()
    return path


@skill(hosts=["HOST"], concurrency=100)
def NAME(run: Run, word: str) -> str:
    run.step(call, word)
    return run.step(call, f"{word}-again")
'''
HASTY = "attempts=5, timeout=timedelta(seconds=2), backoff=timedelta(milliseconds=200)"
PATIENT = "timeout=timedelta(minutes=5)"


class Zombies(Suite):
    name = "zombies"
    promise = "who was given up changes nothing; a retry waits for a proven death; one sidecar for each store"
    small = 5
    full = 200

    def open(self) -> None:
        self._sink = self.opened.enter_context(Sink())
        self._sidecar = self.opened.enter_context(QuickSidecar(self.folder))
        self._words = (f"word{number}" for number in count(1))
        self._sidecar.put(TICKER, TICKER_TEXT)
        for name, arguments in (("hasty", HASTY), ("patient", PATIENT)):
            text = STEPS.replace("HOST", self._sink.host).replace("NAME", name).replace("ARGUMENTS", arguments)
            self._sidecar.put(name, text)

    def cases(self, count: int) -> Iterable[str]:
        names = list(self._kinds())
        return (f"{names[number % len(names)]}.{number // len(names)}" for number in range(count))

    def run(self, case: str) -> None:
        kind = case.partition(".")[0]
        self._kinds()[kind](next(self._words))
        self.figures[kind] += 1
        assert_every_slot_once(self._sidecar.query)

    def _kinds(self) -> dict[str, Callable[[str], None]]:
        return {
            "stopped-worker": self._stopped_worker,
            "stopped-zygote": self._stopped_zygote,
            "cancelled": self._cancelled,
            "stopped-sidecar": self._stopped_sidecar,
            "killed-sidecar": self._killed_sidecar,
        }

    # ------------------------------------------------------------ what happens

    def _stopped_worker(self, word: str) -> None:
        """Its step's time is up while it can't hear anything."""
        run, worker = self._held("hasty", word)
        os.kill(worker, signal.SIGSTOP)
        self._tried_again(run, word, worker)

    def _stopped_zygote(self, word: str) -> None:
        """Nobody is left to kill the worker, or to fork another."""
        run, worker = self._held("hasty", word)
        zygote = self._zygote()
        os.kill(zygote, signal.SIGSTOP)
        self._tried_again(run, word, worker)
        assert not is_alive(zygote)

    def _cancelled(self, word: str) -> None:
        run, worker = self._held("patient", word)
        os.kill(worker, signal.SIGSTOP)
        self._sidecar.client.cancel(run)
        wait_until(lambda: not is_alive(worker), "the worker of a cancelled run is gone", within=GONE_WITHIN)
        self._sink.hold(f"/{word}").set()
        assert self._sidecar.client.run(run).run.state == "cancelled"
        assert (self._sink.count(f"/{word}"), self._sink.count(f"/{word}-again")) == (1, 0)

    def _stopped_sidecar(self, word: str) -> None:
        """It can do nothing, and still has the store: no other may take it."""
        run, _ = self._held("patient", word)
        os.kill(self._sidecar.pid, signal.SIGSTOP)
        try:
            self._second_is_refused()
        finally:
            os.kill(self._sidecar.pid, signal.SIGCONT)
        self._sink.hold(f"/{word}").set()
        assert self._sidecar.ended(run, within=60).run.state == "succeeded"

    def _killed_sidecar(self, word: str) -> None:
        run, worker = self._held("patient", word)
        self._second_is_refused()
        self._sidecar.kill()
        self._sidecar.start()
        assert not is_alive(worker), "a worker of the first sidecar lives beside the second"
        wait_until(self._sidecar.answers, "the second one answers", within=TAKEN_OVER_WITHIN)
        self._sink.hold(f"/{word}").set()
        assert self._sidecar.ended(run, within=60).run.state == "succeeded"

    # ------------------------------------------------------------ the pieces

    def _held(self, skill: str, word: str) -> tuple[str, int]:
        """A run whose first request the world does not answer; its worker."""
        self._sink.hold(f"/{word}")
        run = self._sidecar.client.run_skill(skill, word).id
        wait_until(lambda: self._sink.count(f"/{word}") == 1, f"{word} is asked for")
        return run, self._sidecar.worker(run)

    def _tried_again(self, run: str, word: str, worker: int) -> None:
        """I9: in a new process, when the old one is dead, and not before the pause is over."""
        wait_until(lambda: self._sink.count(f"/{word}") == 2, f"{word} is asked for again", within=60)
        assert not is_alive(worker), "the retry began while the first try's process was alive"
        self._sink.hold(f"/{word}").set()
        assert self._sidecar.ended(run, within=60).output == f"{word}-again"
        here = (step_attempts.c.run == run, step_attempts.c.occurrence == 0)
        tries = self._sidecar.query(sa.select(step_attempts).where(*here).order_by(step_attempts.c.number))
        first, second = tries[:2]
        assert first.outcome in ("timed out", "lost")
        assert tries[-1].outcome == "succeeded"  # on a busy machine its second try may have been too slow as well
        if first.outcome == "timed out":
            assert second.started_at - first.ended_at >= BACKOFF / 2, "the pause was cut short"

    def _second_is_refused(self) -> None:
        command = [sys.executable, "-m", "sidecar", "--workspace", str(self._sidecar.workspace)]
        second = subprocess.run(
            command, env=self._sidecar.environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert second.returncode == 1, second
        assert "is the sidecar of this workspace already" in second.stderr

    def _zygote(self) -> int:
        children = children_of(self._sidecar.pid)
        return next(pid for pid, command in children.items() if "sidecar.execution.zygote" in command)
