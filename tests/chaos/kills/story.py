"""One run of a shape, told to its end however often it is struck, and what has to be true of it then."""

from __future__ import annotations

import json
import signal
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

import sqlalchemy as sa

from sidecar.client import NotRunning, Refused, views
from sidecar.client.views import FINAL
from sidecar.store.schema import approvals, notices, runs
from skills.wire import NOT_DONE
from tests.chaos.kills.shapes import Shape
from tests.chaos.order import assert_never_back
from tests.support.live_sidecar import LiveSidecar
from tests.support.processes import is_alive
from tests.support.sink import Sink
from tests.support.waiting import wait_until

WITHIN = 60.0  # seconds, restarts included
GONE_WITHIN = 5.0  # seconds: processes of a run that is over


class Story:
    """A run of `shape` that is known to the world by `word`. `strikes` come one after the other: the next is armed
    when the one before has come."""

    def __init__(self, sidecar: LiveSidecar, sink: Sink, shape: Shape, word: str, strikes: Sequence[str]) -> None:
        self._sidecar = sidecar
        self._sink = sink
        self._shape = shape
        self._word = word
        self._to_come = list(strikes)
        self._armed: str | None = None
        self.struck: list[str] = []
        self.passed: Counter[str] = Counter()

    def tell(self) -> None:
        """From the trigger to the end. Raises AssertionError where a promise is broken."""
        self._sink.replies[f"/{self._word}/flaky"].extend([(503, {})] * self._shape.refusals)
        self._arm()
        run = wait_until(self._started, f"the run for {self._word} is started", within=WITHIN)
        wait_until(lambda: self._has_ended(run), f"run {run} ends", within=WITHIN)
        ended = self._sidecar.client.run(run)
        self.passed = self._sidecar.failpoints.passed()
        self._sidecar.failpoints.disarm()
        self._hold(ended)

    # ------------------------------------------------------------ what a person does

    def _started(self) -> str | None:
        """Start it; and where the answer was lost, look whether it is there before starting it again."""
        if run := self._find():
            return run
        self._say(lambda: self._sidecar.client.run_skill(self._shape.name, self._word))
        return self._find()

    def _find(self) -> str | None:
        asked = sa.type_coerce(runs.c.input, sa.Text) == json.dumps(self._word)
        found = self._sidecar.query(sa.select(runs.c.id).where(runs.c.skill == self._shape.name, asked))
        assert len(found) <= 1, f"{len(found)} runs of one start"
        return found[0].id if found else None

    def _has_ended(self, run: str) -> bool:
        """Look after the processes, answer what is asked, cancel where the shape says so."""
        self._mind()
        (row,) = self._sidecar.query(sa.select(runs.c.state).where(runs.c.id == run))
        if row.state in FINAL:
            return self._sidecar.answers()
        if self._shape.ends == "cancelled" and self._sink.count(f"/{self._word}/child_again"):
            self._say(lambda: self._sidecar.client.cancel(run))
        opened = sa.select(approvals.c.id, approvals.c.kind).where(approvals.c.run == run, approvals.c.state == "open")
        for asked in self._sidecar.query(opened):
            done = "done" if self._sink.count(f"/{self._word}/wiped") else "not-done"
            self._say(partial(self._sidecar.client.answer, asked.id, "yes" if asked.kind == "approval" else done))
        return False

    def _say(self, act: Callable[[], object]) -> None:
        """As a person does, who may see a broken connection, or be told that it has been said already."""
        with suppress(NotRunning, Refused):
            act()
        self._mind()

    def _mind(self) -> None:
        """Start the sidecar again where it was killed, and arm what comes next."""
        if self._armed and self._sidecar.failpoints.struck:
            self.struck.append(self._armed)
            self._arm()
        if not self._sidecar.alive:
            assert self._sidecar.exit_status() == -signal.SIGKILL, self._sidecar.said()
            assert self.struck, "the sidecar was killed, and not by a failpoint"
            self._sidecar.start()

    def _arm(self) -> None:
        self._armed = self._to_come.pop(0) if self._to_come else None
        if self._armed:
            point, _, times = self._armed.partition(":")
            self._sidecar.failpoints.strike(point, int(times))
        else:
            self._sidecar.failpoints.count()

    # ------------------------------------------------------------ what is promised

    def _hold(self, ended: views.RunDetail) -> None:
        below = [self._sidecar.client.run(child.id) for child in ended.children]
        for detail in (ended, *below):
            self._hold_steps(detail)
            self._hold_processes(detail)
        if any(_may_have_happened(step) for step in ended.steps):
            assert ended.run.state == "failed", ended.run
            assert self._sink.count(f"/{self._word}/wiped") <= 1, "an irreversible step was done twice"
            return
        self._hold_outcome(ended)
        tries = [each for detail in (ended, *below) for step in detail.steps for each in step.attempts]
        self._hold_world(lost=sum(each.outcome == "lost" for each in tries), failed=self._failed_by_the_gateway(tries))

    def _hold_outcome(self, ended: views.RunDetail) -> None:
        """I4: it has one outcome, and the right one."""
        assert ended.run.state == self._shape.ends, (ended.run.state, ended.run.error)
        told = self._sidecar.query(sa.select(notices.c.id).where(notices.c.text == self._word))
        assert len(told) == int(self._shape.name == "serial"), f"{len(told)} notices"
        if self._shape.ends == "cancelled":
            assert all(child.state in FINAL for child in ended.children), "a child of a cancelled run lives"
            return
        assert str(ended.output).startswith("done"), ended.output
        wiped = self._sink.count(f"/{self._word}/wiped")
        assert self._shape.name != "irreversible" or ended.output == f"done {bool(wiped)}", (ended.output, wiped)

    def _hold_steps(self, detail: views.RunDetail) -> None:
        """I1: once a step has its outcome, its body never runs again. I2: what was struck is on record."""
        for step in detail.steps:
            tries = [each.outcome for each in step.attempts]
            if detail.run.state == "cancelled" and step.state == "failed":
                continue
            if step.kind == "irreversible" and step.state == "failed":
                assert _may_have_happened(step) or (step.error and step.error.type == NOT_DONE), step.error
                continue
            assert step.state == "succeeded", (step.name, step.state, step.error)
            assert not tries or (tries.count("succeeded") == 1 and tries[-1] == "succeeded") or "lost" in tries, tries
            assert tries.count("lost") <= len(self.struck), (step.name, tries)

    def _hold_processes(self, detail: views.RunDetail) -> None:
        """I10: no process of it is left."""
        assert all(attempt.outcome != "running" for attempt in detail.attempts), detail.attempts
        pids = [attempt.pid for attempt in detail.attempts if attempt.pid is not None]
        wait_until(lambda: not any(map(is_alive, pids)), f"the workers {pids} are gone", within=GONE_WITHIN)

    def _hold_world(self, *, lost: int, failed: int) -> None:
        """I2: what was not committed may have been done again, once for each strike, with the same key; I3: what is
        irreversible never."""
        paths = {path: number for path, number in self._sink.paths().items() if path.startswith(f"/{self._word}/")}
        expected = {f"/{self._word}/{name}": number for name, number in self._shape.asked.items()}
        assert paths.keys() <= expected.keys(), f"asked for what was not to be asked: {paths}"
        assert paths.get(f"/{self._word}/wiped", 0) <= 1, "an irreversible step was done twice"
        missing = {path: expected[path] - paths.get(path, 0) for path in expected if not path.endswith("/wiped")}
        assert max(missing.values()) <= 0, f"not everything was done: {paths}"
        assert all(len(self._sink.keys(path)) == 1 for path in paths), "a repeated step has another key"
        if self._shape.name != "map":
            assert_never_back(self._sink.received, self._word, list(self._shape.asked).index)
        repeats = -sum(missing.values())
        assert repeats <= len(self.struck) * self._side_by_side, f"{repeats} repeats after {self.struck}"
        assert repeats <= lost + failed, f"{repeats} repeats, and {lost} lost tries on record"

    @property
    def _side_by_side(self) -> int:
        """How many bodies one strike can hit."""
        return 3 if self._shape.name == "map" else 1

    def _failed_by_the_gateway(self, tries: Sequence[views.StepAttempt]) -> int:
        return sum(each.outcome == "failed" for each in tries) - self._shape.refusals


def _may_have_happened(step: views.Step) -> bool:
    """Whether the gateway died while it performed an irreversible step: its body has raised, and the run has failed."""
    return bool(step.kind == "irreversible" and step.error and "It may have been performed" in step.error.message)
