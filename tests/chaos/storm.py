"""Processes of every kind are killed at random, every 0.5 to 3 s, under many runs of ten steps."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from random import Random

import sqlalchemy as sa

from sidecar.client import NotRunning
from sidecar.client.views import FINAL
from sidecar.store.schema import attempts, events, notices, runs, step_attempts, steps
from tests.chaos.order import assert_never_back
from tests.chaos.quick_sidecar import QuickSidecar
from tests.chaos.suite import Suite
from tests.support.processes import children_of
from tests.support.sink import Sink
from tests.support.waiting import wait_until

RUNS = 50  # in a case
STEPS = 10
WITHIN = 300.0  # seconds for all the runs of a case
VICTIMS = ["sidecar"] * 8 + ["worker"] * 9 + ["gateway"] * 2 + ["zygote"]

SKILL = '''"""Ten steps, a notice and an event."""

import time
from datetime import timedelta

from skills import Run, http, skill, step


@step(attempts=30, backoff=timedelta(milliseconds=50))
def call(path: str, key: str) -> str:
    time.sleep(0.05)
    http.post(f"http://HOST/{path}", headers={"idempotency-key": key}).raise_for_status()
    return path


@skill(hosts=["HOST"], concurrency=1000)
def ten_steps(run: Run, word: str) -> str:
    said = [run.step(call, f"{word}/{number}", run.key(f"{number}")) for number in range(10)]
    run.notify("#storm", word)
    run.emit("storm.over", word)
    return f"{word} {len(said)}"
'''


class Storm(Suite):
    """A case is a storm over 50 runs. Everything is done once and told once; what was struck may be done again."""

    name = "storm"
    promise = f"of {RUNS} runs a case, none is lost and no outcome doubled, whatever is killed and when"
    small = 1
    full = 20

    def open(self) -> None:
        self._sink = self.opened.enter_context(Sink())
        self._sidecar = self.opened.enter_context(QuickSidecar(self.folder))
        self._words = (f"word{number}" for number in count(1))
        self._sidecar.put("ten_steps", SKILL.replace("HOST", self._sink.host))

    def run(self, case: str) -> None:
        chance = Random(f"{self.seed} {case}")
        words = [next(self._words) for _ in range(RUNS)]
        self._sink.forget()
        kills = 0
        to_start, lulls = list(words), self._lulls(chance)
        next_kill = next(lulls)

        def is_over() -> bool:
            nonlocal kills, next_kill
            if to_start and self._start(to_start[0]):
                to_start.pop(0)
            if time.monotonic() >= next_kill:
                kills += self._kill(chance.choice(VICTIMS), chance)
                next_kill = next(lulls)
            self._mind()
            return not to_start and not self._unfinished()

        wait_until(is_over, f"the {RUNS} runs end", within=WITHIN)
        self.figures["runs"] += RUNS
        self._hold(words, kills)

    @staticmethod
    def _lulls(chance: Random) -> Iterator[float]:
        while True:
            yield time.monotonic() + chance.uniform(0.5, 3.0)

    # ------------------------------------------------------------ what happens

    def _start(self, word: str) -> bool:
        """As someone who looks whether the run is there before they start it again."""
        if not self._find(word):
            with suppress(NotRunning):
                self._sidecar.client.run_skill("ten_steps", word)
        return self._find(word)

    def _find(self, word: str) -> bool:
        asked = sa.type_coerce(runs.c.input, sa.Text) == json.dumps(word)
        return bool(self._sidecar.query(sa.select(runs.c.id).where(asked)))

    def _unfinished(self) -> int:
        (row,) = self._sidecar.query(sa.select(sa.func.count()).where(runs.c.state.not_in(FINAL)))
        return int(row[0])

    def _mind(self) -> None:
        if not self._sidecar.alive:
            assert self._sidecar.exit_status() == -signal.SIGKILL, self._sidecar.said()
            self._sidecar.start()

    def _kill(self, victim: str, chance: Random) -> int:
        """Returns how many processes were killed."""
        pids = self._pids(victim)
        if not pids:
            return 0
        with suppress(ProcessLookupError):
            os.kill(chance.choice(pids), signal.SIGKILL)
        self.figures[f"kills of the {victim}"] += 1
        return 1

    def _pids(self, victim: str) -> list[int]:
        if victim == "sidecar":
            return [self._sidecar.pid]
        if victim == "worker":
            found = sa.select(attempts.c.pid).where(attempts.c.outcome == "running", attempts.c.pid.is_not(None))
            return [row.pid for row in self._sidecar.query(found)]
        return [pid for pid, command in children_of(self._sidecar.pid).items() if victim in command]

    # ------------------------------------------------------------ what is promised

    def _hold(self, words: list[str], kills: int) -> None:
        wait_until(self._sidecar.answers, "the sidecar answers")
        query = self._sidecar.query
        ended = query(sa.select(runs.c.id, runs.c.state, runs.c.output, runs.c.error, runs.c.input))
        mine = {row.input: row for row in ended if row.input in words}
        assert len([row for row in ended if row.input in words]) == RUNS, "a start is one run"
        for word in words:
            assert mine[word].state == "succeeded", (word, mine[word].error)
            assert mine[word].output == f"{word} {STEPS}"
        self._hold_once(words, [row.id for row in mine.values()])
        self._hold_world(words, [row.id for row in mine.values()], kills)

    def _hold_once(self, words: list[str], ids: list[str]) -> None:
        """Each notice, each event, each attempt's success: once."""
        query = self._sidecar.query
        told = [row.text for row in query(sa.select(notices.c.text)) if row.text in words]
        assert sorted(told) == sorted(words), "each notice once"
        emitted = [row.payload for row in query(sa.select(events.c.payload).where(events.c.name == "storm.over"))]
        assert sorted(each for each in emitted if each in words) == sorted(words), "each event once"
        good = sa.select(attempts.c.run).where(attempts.c.outcome == "succeeded", attempts.c.run.in_(ids))
        assert sorted(row.run for row in query(good)) == sorted(ids), "one attempt succeeds"
        open_ = sa.select(attempts.c.run).where(attempts.c.outcome == "running", attempts.c.run.in_(ids))
        assert not query(open_), "no attempt is left open"
        done = sa.select(steps.c.run).where(steps.c.name == "call", steps.c.state == "succeeded", steps.c.run.in_(ids))
        assert len(query(done)) == RUNS * STEPS

    def _hold_world(self, words: list[str], ids: list[str], kills: int) -> None:
        """Every request came, with one key; a repeat is a try that was lost or failed, and that is on record."""
        paths = self._sink.paths()
        assert set(paths) == {f"/{word}/{number}" for word in words for number in range(STEPS)}
        assert all(len(self._sink.keys(path)) == 1 for path in paths), "a repeated step has another key"
        for word in words:
            assert_never_back(self._sink.received, word, int)
        repeats = paths.total() - RUNS * STEPS
        struck = sa.select(step_attempts.c.run).where(
            step_attempts.c.outcome.in_(("lost", "failed")), step_attempts.c.run.in_(ids)
        )
        on_record = len(self._sidecar.query(struck))
        assert repeats <= on_record, f"{repeats} repeats, {on_record} tries on record that were struck"
        self.figures["repeated requests"] += repeats
        self.figures["kills"] += kills
