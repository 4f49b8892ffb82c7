"""Disks that are full, that fail, that take half of a write, under a live sidecar; and then are mended."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from itertools import count
from random import Random

import sqlalchemy as sa

from sidecar.client import NotRunning, Refused, views
from sidecar.client.views import FINAL
from sidecar.store.schema import events, runs, slots
from tests.chaos.disk.faults import Breakage, Control
from tests.chaos.order import assert_never_back
from tests.chaos.quick_sidecar import QuickSidecar
from tests.chaos.suite import Suite
from tests.support.sink import Sink
from tests.support.sqlite_disk import FULL, IOERR_SYNC, IOERR_WRITE
from tests.support.waiting import wait_until

RUNS = 4  # under way when the disk fails
WITHIN = 60.0  # seconds

STEPS = '''"""Six steps with results of some size."""

import time

from skills import Run, http, skill, step


@step
def call(path: str) -> str:
    http.post(f"http://HOST/{path}").raise_for_status()
    time.sleep(0.02)
    return path + " " * SIZE


@skill(hosts=["HOST"], concurrency=100)
def six_steps(run: Run, word: str) -> str:
    said = [run.step(call, f"{word}/{number}") for number in range(6)]
    return f"{word} {len(said)}"
'''

TICKER = '''"""Every second."""

from datetime import timedelta

from skills import Run, every, skill


@skill(on=every(timedelta(seconds=1)), concurrency=100)
def ticker(run: Run) -> str:
    return "tick"
'''

SAVED = '''"""Saved while the disk was broken."""

from skills import Run, skill


@skill()
def NAME(run: Run) -> str:
    return "saved"
'''


class DiskFaults(Suite):
    name = "disk"
    promise = "nothing is acknowledged that is not on disk; a disk that is mended is all it takes to go on"
    small = 5
    full = 600

    def open(self) -> None:
        self._control = Control(self.folder / "disk")
        self._sink = self.opened.enter_context(Sink())
        self._sidecar = self.opened.enter_context(QuickSidecar(self.folder, chaos_disk=str(self._control.file)))
        self._names = (f"saved{number}" for number in count(1))
        self._sidecar.put("six_steps", STEPS.replace("HOST", self._sink.host).replace("SIZE", "5_000"))
        self._sidecar.put("ticker", TICKER)

    def run(self, case: str) -> None:
        chance = Random(f"{self.seed} {case}")
        breakage = _breakage(chance)
        name = next(self._names)
        self._sink.forget()
        told = Told(self._sidecar, name)
        try:
            for number in range(RUNS):
                told.start(f"{name}-{number}")
            self._control.break_(breakage)
            wait_until(lambda: self._control.has_failed, f"the disk fails: {breakage}", within=WITHIN)
            self._while_broken(told, chance, always=not breakage.grows_only)
        finally:
            self._control.mend()
        self._goes_on(told)
        if chance.random() < 0.3:
            self._sidecar.kill()
            self._sidecar.start()
        self._hold(told)

    def _while_broken(self, told: Told, chance: Random, *, always: bool) -> None:
        """People and skills go on meanwhile; what they are told to be stored has to be. A disk that is not broken
        `always` takes small changes, and between two questions all may be well again."""
        self._sidecar.save(told.name, SAVED.replace("NAME", told.name))
        for number in range(chance.randint(2, 5)):
            told.start(f"{told.name}-broken-{number}")
            told.emit(f"{told.name}-{number}")
            told.send(f"{told.name} says {number}")
        self.figures["refused while it was broken"] += told.refused
        degraded = self._sidecar.client.status().degraded
        self.figures["degraded"] += int(degraded is not None)
        if degraded is not None and always:
            health = next(each for each in self._sidecar.client.doctor() if each.name == "store")
            assert (health.state, degraded in health.detail) == ("error", True), health

    def _goes_on(self, told: Told) -> None:
        """By itself: nobody restarts it, saves the file again or starts a run again."""
        client, query = self._sidecar.client, self._sidecar.query
        wait_until(lambda: client.status().degraded is None, "it says that all is well", within=WITHIN)
        wait_until(lambda: self._sidecar.active(told.name), "the saved file is live", within=WITHIN)
        mine = sa.select(runs.c.id, runs.c.state).where(runs.c.skill == "six_steps", runs.c.state.not_in(FINAL))
        wait_until(lambda: not query(mine), "all runs have ended", within=WITHIN)
        fired = sa.select(slots.c.slot).where(slots.c.outcome.in_(("fired", "late")))
        before = len(query(fired))
        wait_until(lambda: len(query(fired)) > before, "the next slot has fired", within=WITHIN)
        assert self._sidecar.run("six_steps", f"{told.name}-after").run.state == "succeeded"

    def _hold(self, told: Told) -> None:
        stored = {row.id: row for row in self._sidecar.query(sa.select(runs.c.id, runs.c.state, runs.c.error))}
        for run in told.runs:
            assert run in stored, f"run {run} was acknowledged and is lost"
            assert stored[run].state == "succeeded", (run, stored[run].state, stored[run].error)
        for run in told.said:
            assert run in stored, f"a message was acknowledged, and its run {run} is lost"
        emitted = [row.id for row in self._sidecar.query(sa.select(events.c.id).where(events.c.name == "broken"))]
        assert set(told.events) <= set(emitted), "an event was acknowledged and is lost"
        for word in {received.path.split("/")[1] for received in self._sink.received}:
            assert_never_back(self._sink.received, word, int)


class Told:
    """What the sidecar has acknowledged."""

    def __init__(self, sidecar: QuickSidecar, name: str) -> None:
        self.name = name
        self.runs: list[str] = []
        self.said: list[str] = []
        self.events: list[str] = []
        self.refused = 0
        self._client = sidecar.client

    def start(self, word: str) -> None:
        if run := self._try(lambda: self._client.run_skill("six_steps", word)):
            self.runs.append(run.id)

    def send(self, words: str) -> None:
        if run := self._try(lambda: self._client.send(words)):
            self.said.append(run.id)

    def emit(self, identity: str) -> None:
        with suppress(Refused):
            self.events.append(self._client.emit("broken", identity, id=identity).id)

    def _try(self, act: Callable[[], views.Run]) -> views.Run | None:
        try:
            return act()
        except NotRunning as error:
            raise AssertionError("the sidecar is gone") from error
        except Refused:
            self.refused += 1
            return None


def _breakage(chance: Random) -> Breakage:
    """Full, or broken for writes, syncs or both; at once or some operations later; of the log, the file or all."""
    kind = chance.choice(["full", "full and half written", "write error", "sync error", "all"])
    after = chance.choice([0, 0, chance.randrange(1, 40)])
    part = chance.random() if "half" in kind or chance.random() < 0.3 else 0.0
    match kind:
        case "full" | "full and half written":
            full = Breakage(code=FULL, operations=("write",), after=after, part=part)
            return full.model_copy(update={"grows_only": chance.random() < 0.5})
        case "write error":
            log_or_all = (chance.choice(["-wal", ""]),)
            return Breakage(code=IOERR_WRITE, operations=("write",), files=log_or_all, after=after, part=part)
        case "sync error":
            return Breakage(code=IOERR_SYNC, operations=("sync",), after=after)
        case _:
            every = ("write", "sync", "truncate", "delete")
            return Breakage(code=IOERR_WRITE, operations=every, after=after, part=part)
