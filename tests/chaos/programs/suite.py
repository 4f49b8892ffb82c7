"""Random programs of everything that a run can do, against a model; killed all the while, suspended at each step."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from random import Random

import sqlalchemy as sa

from sidecar.client import NotRunning, Refused
from sidecar.client.views import FINAL
from sidecar.store import Row
from sidecar.store.schema import approvals, attempts, events, notices, runs, state, step_attempts, steps
from tests.chaos.order import assert_never_back
from tests.chaos.programs.program import Expected, Model, Program, random_program
from tests.chaos.programs.skill import DOUBLE, PROGRAM
from tests.chaos.quick_sidecar import QuickSidecar
from tests.chaos.suite import Suite
from tests.chaos.victims import Victims
from tests.support.sink import Sink
from tests.support.waiting import wait_until

PROGRAMS = 25  # in a case
WITHIN = 300.0  # seconds for those of a case
MODES = ("crashes", "always suspended", "both")


class Programs(Suite):
    """A case is `crashes.3`: 25 programs in that mode, side by side."""

    name = "programs"
    promise = f"{PROGRAMS} random programs a case end as a model of them says, also killed and always suspended"
    small = 1
    full = 400

    def open(self) -> None:
        self._sink = self.opened.enter_context(Sink())
        self._sidecars = {
            "crashes": self._new_sidecar("plain"),
            "always suspended": self._new_sidecar("suspending", always_suspend="1"),
        }
        self._sidecars["both"] = self._sidecars["always suspended"]

    def _new_sidecar(self, name: str, **settings: str) -> QuickSidecar:
        (self.folder / name).mkdir()
        sidecar = self.opened.enter_context(QuickSidecar(self.folder / name, **settings))
        for skill, text in (("double", DOUBLE), ("program", PROGRAM)):
            sidecar.put(skill, text.replace("HOST", self._sink.host))
        return sidecar

    def cases(self, count: int) -> Iterable[str]:
        return (f"{MODES[number % len(MODES)]}.{number // len(MODES)}" for number in range(count))

    def run(self, case: str) -> None:
        mode, _, number = case.partition(".")
        chance = Random(f"{self.seed} {case}")
        words = [f"{mode.replace(' ', '_')}_{number}_{place}_{chance.randrange(10**6)}" for place in range(PROGRAMS)]
        batch = Batch(self._sidecars[mode], self._sink, [random_program(chance, word) for word in words])
        self._sink.forget()
        batch.carry_out(chance if mode != "always suspended" else None)
        batch.hold(was_struck=mode != "always suspended")
        if mode != "crashes":
            batch.hold_always_suspended()
        self.figures["programs"] += PROGRAMS
        self.figures["kills"] += batch.kills
        self.figures["steps"] += batch.steps
        self.figures["attempts"] += batch.attempts


class Batch:
    """Programs that are under way together."""

    def __init__(self, sidecar: QuickSidecar, sink: Sink, programs: list[Program]) -> None:
        self._sidecar = sidecar
        self._victims = Victims(sidecar, Counter())
        self._sink = sink
        self._programs = programs
        self._expected = {program.word: Model(program).carry_out() for program in programs}
        self.kills = self.steps = self.attempts = 0

    # ------------------------------------------------------------ what happens

    def carry_out(self, chance: Random | None) -> None:
        """With `chance`, sidecar and workers are killed all the while."""
        self._prepare_world()
        next_kill = time.monotonic() + 0.5
        to_start = list(self._programs)

        def is_over() -> bool:
            nonlocal next_kill
            if to_start and self._start(to_start[0]):
                to_start.pop(0)
            if chance and time.monotonic() >= next_kill:
                self._kill(chance)
                next_kill = time.monotonic() + chance.uniform(0.5, 3.0)
            self._answer()
            self._victims.mind()
            return not to_start and not self._unfinished()

        wait_until(is_over, "the programs end", within=WITHIN)
        wait_until(self._victims.answers, "the sidecar answers")

    def _prepare_world(self) -> None:
        for expected in self._expected.values():
            for path in expected.refused_twice:
                self._sink.replies[f"/{path}"].extend([(503, {})] * 2)
            for path in expected.refused:
                self._sink.replies[f"/{path}"].extend([(503, {})] * 100)

    def _start(self, program: Program) -> bool:
        if self._run_of(program.word) is None:
            with suppress(NotRunning):
                self._sidecar.client.run_skill("program", program.model_dump(mode="json"))
        return self._run_of(program.word) is not None

    def _run_of(self, word: str) -> Row | None:
        here = (runs.c.skill == "program", runs.c.input["word"].as_string() == word)
        found = self._sidecar.query(sa.select(runs).where(*here))
        assert len(found) <= 1, f"{word} has {len(found)} runs"
        return found[0] if found else None

    def _unfinished(self) -> int:
        (row,) = self._sidecar.query(sa.select(sa.func.count()).where(runs.c.state.not_in(FINAL)))
        return int(row[0])

    def _answer(self) -> None:
        """As the question itself wants it."""
        opened = sa.select(approvals.c.id, approvals.c.question).where(approvals.c.state == "open")
        for asked in self._sidecar.query(opened):
            with suppress(NotRunning, Refused):
                self._sidecar.client.answer(asked.id, asked.question)

    def _kill(self, chance: Random) -> None:
        alive = sa.select(attempts.c.pid).where(attempts.c.outcome == "running", attempts.c.pid.is_not(None))
        pids = [self._sidecar.pid, *(row.pid for row in self._sidecar.query(alive))]
        with suppress(ProcessLookupError):
            os.kill(pids[0] if chance.random() < 0.5 else chance.choice(pids), signal.SIGKILL)
            self.kills += 1

    # ------------------------------------------------------------ what is promised

    def hold(self, *, was_struck: bool) -> None:
        for program in self._programs:
            self._hold(program, self._expected[program.word], was_struck=was_struck)

    def _hold(self, program: Program, expected: Expected, *, was_struck: bool) -> None:
        run = self._run_of(program.word)
        assert run is not None, program.word
        if program.fails:
            assert (run.state, run.error["type"], run.error["message"]) == ("failed", "ValueError", "as it was told")
        else:
            assert (run.state, run.output) == ("succeeded", expected.total), (program, run.error)
        query = self._sidecar.query
        kept = query(sa.select(state.c.value).where(state.c.name == program.word))
        assert [row.value for row in kept] == ([] if expected.kept is None else [expected.kept]), program
        told = query(sa.select(notices.c.text).where(notices.c.run == run.id, notices.c.kind == "said"))
        assert sorted(row.text for row in told) == sorted(expected.notices), program
        for table, column, count in (
            (events, events.c.source, expected.events),
            (approvals, approvals.c.run, expected.approvals),
        ):
            mine = sa.select(sa.func.count()).select_from(table).where(column.in_((run.id, f"run {run.id}")))
            assert query(mine)[0][0] == count, (table.name, program)
        children = query(sa.select(runs.c.id, runs.c.state).where(runs.c.parent == run.id))
        assert [child.state for child in children] == ["succeeded"] * expected.children, program
        self._hold_world(program, expected, [run.id, *(child.id for child in children)], was_struck=was_struck)

    def hold_always_suspended(self) -> None:
        """Each new step took an attempt of its own, so all before it were replayed."""
        per_run = sa.select(steps.c.run, sa.func.count().label("steps"), runs.c.attempts)
        for row in self._sidecar.query(per_run.join(runs, runs.c.id == steps.c.run).group_by(steps.c.run)):
            assert row.attempts >= row.steps, row

    def _hold_world(self, program: Program, expected: Expected, ids: list[str], *, was_struck: bool) -> None:
        """The counters are equal exactly; but for what was struck before it was committed."""
        tries = self._sidecar.query(sa.select(step_attempts.c.outcome).where(step_attempts.c.run.in_(ids)))
        outcomes = Counter(row.outcome for row in tries)
        wanted = Counter({f"/{path}": number for path, number in expected.asked.items()})
        asked = {path: number for path, number in self._sink.paths().items() if path.startswith(f"/{program.word}/")}
        assert asked.keys() == wanted.keys(), program
        assert all(asked[path] >= wanted[path] for path in wanted), program
        assert_never_back(self._sink.received, program.word, lambda path: int(path.partition("-")[0]))
        repeats = sum(asked.values()) - wanted.total()
        assert repeats <= outcomes["lost"], (program, asked)
        assert was_struck or outcomes["lost"] == 0, "nothing was struck"
        self.steps += outcomes.total()
        self.attempts += len(self._sidecar.query(sa.select(attempts.c.run).where(attempts.c.run.in_(ids))))
