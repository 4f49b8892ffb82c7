"""A budget of half a dollar, while whatever spends it, settles it or looks after it is killed at random."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

import sqlalchemy as sa

from sidecar.budget.accounts import MILLION
from sidecar.client.views import FINAL
from sidecar.store.schema import budget_waits, reservations, runs, spending
from tests.chaos.budget.bill import PRICE, Bill
from tests.chaos.quick_sidecar import QuickSidecar
from tests.chaos.suite import Suite
from tests.chaos.victims import Victims
from tests.support.live_sidecar import LiveSidecar
from tests.support.postgresql import new_database
from tests.support.waiting import wait_until

BUDGET = 0.50  # USD
ROUNDS = 2  # in a case; between them a person raises the cap by as much again
KILLS = 4  # in a round
VICTIMS = ("sidecar", "worker", "gateway", "gateway")
WITHIN = 240.0  # seconds for a round

SPEND = '''"""Ask for long answers, with others below that do the same."""

from skills import Run, Skill, skill

more = Skill.named("spend_more", takes=str, returns=int)


@skill(concurrency=1000)
def spend(run: Run, word: str) -> int:
    for number in range(3):
        run.start(more, f"{word} started {number}")
    run.invoke(more, f"{word} invoked")
    return len([run.ask(f"{word} {number}", returns=str, fallback=lambda: "none") for number in range(30)])
'''
SPEND_MORE = '''"""Ask for long answers."""

from skills import Run, skill


@skill(concurrency=1000)
def spend_more(run: Run, word: str) -> int:
    return len([run.ask(f"{word} {number}", returns=str, fallback=lambda: "none") for number in range(30)])
'''


class Budget(Suite):
    """In a case one run and those below it have half a dollar, or several runs have half a dollar between them. It
    ends when all of them are over or wait for more."""

    name = "budget"
    promise = f"what the model has served never costs more than the budget of ${BUDGET:.2f}"
    small = 1
    full = 60

    def open(self) -> None:
        self._bill = Bill(self.seed)
        self._model = self.opened.enter_context(self._bill.model)
        settings = {"base_url": self._model.base_url, "budget_run_usd": f"{BUDGET}", "fallback_price": f"{PRICE}"}
        settings |= dict.fromkeys(("budget_skill_day_usd", "budget_day_usd", "budget_month_usd"), "1000")
        self._sidecar, *others = self.start(settings)
        self._victims = [Victims(each, self.figures) for each in (self._sidecar, *others)]
        self._sidecar.put("spend_more", SPEND_MORE)
        self._sidecar.put("spend", SPEND)

    def start(self, settings: dict[str, str]) -> list[LiveSidecar]:
        """All that spend; the first is asked."""
        return [self.opened.enter_context(QuickSidecar(self.folder, **settings))]

    def run(self, case: str) -> None:
        chance = Random(f"{self.seed} {case}")
        word = f"case{case}"
        roots = self._start(word, together=int(case) % 2 == 1)
        for budget in (BUDGET * number for number in range(1, ROUNDS + 1)):
            self._storm(word, chance)
            self._hold(word, roots, budget)
            self._raise(roots, budget + BUDGET)
        self._cancel_all()

    def _start(self, word: str, *, together: bool) -> list[str]:
        """Returns the runs that share the budget: one, or several under the cap of the month."""
        client, self._spent_before = self._sidecar.client, self._used()
        client.cap("month", amount=self._spent_before + BUDGET if together else 1000)
        self._together = together
        return [client.run_skill("spend", word).id for _ in range(3 if together else 1)]

    def _raise(self, roots: Sequence[str], budget: float) -> None:
        if self._together:
            self._sidecar.client.cap("month", amount=self._spent_before + budget)
        for root in roots:
            self._sidecar.client.cap("run", root, amount=budget)

    # ------------------------------------------------------------ what happens

    def _storm(self, word: str, chance: Random) -> None:
        """Kill whenever a few more calls have come to the model, until nobody can go on."""
        kills, moments = 0, self._moments(word, chance)

        def is_over() -> bool:
            nonlocal kills
            for each in self._victims:
                each.mind()
            if kills < KILLS and next(moments):
                kills += chance.choice(self._victims).kill(chance.choice(VICTIMS), chance)
            return self._is_quiet()

        wait_until(is_over, "all runs are over, or wait for more", within=WITHIN)
        for each in self._victims:
            wait_until(each.answers, "the sidecar answers")
        self.figures["kills"] += kills

    def _moments(self, word: str, chance: Random) -> Iterator[bool]:
        """Whether it is time for a kill: some calls after the last one, and somewhere in that call."""
        while True:
            wanted = self._bill.asked(word) + chance.randint(1, 6)
            while self._bill.asked(word) < wanted:
                yield False
            at = time.monotonic() + chance.uniform(0.0, 0.5)
            while time.monotonic() < at:
                yield False
            yield True

    def _is_quiet(self) -> bool:
        alive = self._query(sa.select(runs.c.state, runs.c.reason).where(runs.c.state.not_in(FINAL)))
        return all(run.state == "waiting" and run.reason in ("budget", "invoke") for run in alive)

    def _cancel_all(self) -> None:
        for run in self._query(sa.select(runs.c.id).where(runs.c.state.not_in(FINAL), runs.c.parent_step.is_(None))):
            self._sidecar.client.cancel(run.id)

    # ------------------------------------------------------------ what has to hold

    def _hold(self, word: str, roots: Sequence[str], budget: float) -> None:
        served, booked = self._bill.usd(word), self._used() - self._spent_before
        assert served > 0
        assert served <= booked + 1e-9, f"${served:.6f} was served, and ${booked:.6f} is on the books"
        assert booked <= budget + 1e-9, f"${booked:.6f} is on the books, of ${budget:.2f}"
        assert self._query(sa.select(budget_waits).where(budget_waits.c.root.in_(roots))), "the budget was used up"
        self._hold_books()
        self.figures["cents of budget"] += round(budget * 100)
        self.figures["cents served"] += round(served * 100)
        self.figures["cents booked"] += round(booked * 100)

    def _hold_books(self) -> None:
        """Each sum is that of its reservations."""
        rows = self._query(sa.select(reservations))
        held = [row.reserved if row.cost is None else row.cost for row in rows]
        assert self._used() == sum(held) / MILLION
        for root in {row.root for row in rows}:
            mine = sum(amount for row, amount in zip(rows, held, strict=True) if row.root == root)
            booked = sa.select(spending.c.amount).where(spending.c.scope == "run", spending.c.subject == root)
            assert [row.amount for row in self._query(booked.where(spending.c.what == "usd"))] == [mine]

    def _used(self) -> float:
        found = sa.select(sa.func.coalesce(sa.func.sum(spending.c.amount), 0).label("total"))
        (row,) = self._query(found.where(spending.c.scope == "month", spending.c.what == "usd"))
        return int(row.total) / MILLION

    def _query(self, wanted: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        return self._sidecar.query(wanted)


class BudgetOnHosts(Budget):
    """Two hosts on one database spend the same half dollar, each with a gateway of its own."""

    name = "budget-hosts"
    small = 0

    def start(self, settings: dict[str, str]) -> list[LiveSidecar]:
        settings = {"database_url": new_database(), "workers": "3", **settings}
        hosts = []
        for name in ("leader", "worker"):
            folder = self.folder / name
            folder.mkdir()
            quick = QuickSidecar(folder, name == "worker", host_name=name, **settings)
            hosts.append(self.opened.enter_context(quick))
        return list(hosts)
