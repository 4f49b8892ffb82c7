"""Processes of every kind are killed at random, every 0.5 to 3 s, under many runs of ten steps."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from random import Random

import sqlalchemy as sa

from sidecar.client import NotRunning
from sidecar.client.views import FINAL
from sidecar.store.schema import runs
from tests.chaos.quick_sidecar import QuickSidecar
from tests.chaos.suite import Suite
from tests.chaos.ten_steps import NAME, TenSteps, text
from tests.chaos.victims import Victims
from tests.support.sink import Sink
from tests.support.waiting import wait_until

RUNS = 50  # in a case
WITHIN = 300.0  # seconds for all the runs of a case
VICTIMS = ["sidecar"] * 8 + ["worker"] * 9 + ["gateway"] * 2 + ["zygote"]


class Storm(Suite):
    """A case is a storm over 50 runs. Everything is done once and told once; what was struck may be done again."""

    name = "storm"
    promise = f"of {RUNS} runs a case, none is lost and no outcome doubled, whatever is killed and when"
    small = 1
    full = 20

    def open(self) -> None:
        self._sink = self.opened.enter_context(Sink())
        self._sidecar = self.opened.enter_context(QuickSidecar(self.folder))
        self._victims = Victims(self._sidecar, self.figures)
        self._words = (f"word{number}" for number in count(1))
        self._sidecar.put(NAME, text(self._sink))

    def run(self, case: str) -> None:
        chance = Random(f"{self.seed} {case}")
        work = TenSteps(self._sidecar.query, self._sink, [next(self._words) for _ in range(RUNS)])
        self._sink.forget()
        kills = 0
        to_start, lulls = list(work.words), self._lulls(chance)
        next_kill = next(lulls)

        def is_over() -> bool:
            nonlocal kills, next_kill
            if to_start and self._start(work, to_start[0]):
                to_start.pop(0)
            if time.monotonic() >= next_kill:
                kills += self._victims.kill(chance.choice(VICTIMS), chance)
                self._victims.mind()  # a lull begins when it is up again: on a busy machine nothing else would happen
                next_kill = next(lulls)
            self._victims.mind()
            return not to_start and not self._unfinished()

        wait_until(is_over, f"the {RUNS} runs end", within=WITHIN)
        self.figures["runs"] += RUNS
        wait_until(self._victims.answers, "the sidecar answers")
        self.figures["repeated requests"] += work.hold()
        self.figures["kills"] += kills

    @staticmethod
    def _lulls(chance: Random) -> Iterator[float]:
        while True:
            yield time.monotonic() + chance.uniform(0.5, 3.0)

    # ------------------------------------------------------------ what happens

    def _start(self, work: TenSteps, word: str) -> bool:
        """As someone who looks whether the run is there before they start it again."""
        if not work.find(word):
            with suppress(NotRunning):
                self._sidecar.client.run_skill(NAME, word)
        return work.find(word) is not None

    def _unfinished(self) -> int:
        (row,) = self._sidecar.query(sa.select(sa.func.count()).where(runs.c.state.not_in(FINAL)))
        return int(row[0])
