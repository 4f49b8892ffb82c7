"""I22: whatever is reserved, settled, given back or lost, each account holds the sum of its own, and no more than its
cap had room for."""

from __future__ import annotations

from collections import Counter
from functools import partial
from pathlib import Path
from sys import maxsize
from tempfile import TemporaryDirectory

import sqlalchemy as sa
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from sidecar.budget import ledger
from sidecar.budget.accounts import Account, Amounts, Payer, configured_caps, millionths
from sidecar.budget.caps import set_cap
from sidecar.client import Settings
from sidecar.journal.admission import NewRun, create
from sidecar.journal.runs import start_attempt
from sidecar.store import Store
from sidecar.store.schema import reservations, runs, spending, versions
from skills.wire import StepKey

STEP = StepKey(name="ask", occurrence=0)
SETTINGS = Settings(
    workspace=Path(),
    budget_run_usd=0.001,
    budget_skill_day_usd=0.002,
    budget_day_usd=0.003,
    budget_month_usd=0.004,
    budget_run_model_calls=40,
)
CONFIGURED = configured_caps(SETTINGS)
BUDGET = 0.0007  # USD that the skill of "one/below" and of "three" declares
DECLARES = ("one/below", "three")
RUNS = ("one", "two", "one/below", "one/below/deeper", "three")  # a run below another shares its root
AMOUNTS = st.integers(min_value=0, max_value=600)


class Ledger(RuleBasedStateMachine):
    """The model: what each open reservation holds, and what each closed one has cost."""

    @initialize()
    def open(self) -> None:
        self.folder = TemporaryDirectory(prefix="tend-ledger-")
        self.store = Store(Path(self.folder.name) / "tend.db")
        self.open_: dict[int, tuple[Payer, int]] = {}
        self.closed: list[tuple[Payer, int]] = []
        self.calls: Counter[Account] = Counter()
        self.caps: dict[Account, int] = {}
        self.store.write(self._make_runs)

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            self.folder.cleanup()

    def _make_runs(self, connection: sa.Connection) -> None:
        thrifty: dict[str, object] = {
            "hash": "thrifty",
            "skill": "s",
            "state": "active",
            "entry": "s.py",
            "files": {},
            "report": {},
        }
        thrifty |= {"manifest": {"budget": BUDGET}, "author": "person", "reason": "", "created_at": 0.0}
        connection.execute(versions.insert().values(**thrifty))
        for name in RUNS:
            parent, version = name.rpartition("/")[0] or None, "thrifty" if name in DECLARES else "v"
            create(connection, NewRun(skill="s", version=version, trigger="call", id=name, parent=parent), 0.0)
            start_attempt(connection, name, 0.0)

    # ------------------------------------------------------------ what happens

    @rule(run=st.sampled_from(RUNS), skill=st.sampled_from("ab"), day=st.integers(1, 3), amount=AMOUNTS)
    def reserve(self, run: str, skill: str, day: int, amount: int) -> None:
        wanted: Amounts = {"usd": amount, "model_calls": 1}

        def act(connection: sa.Connection) -> tuple[Payer, int | None]:
            payer = ledger.payer_of(connection, run, skill, f"2026-11-0{day}")
            if ledger.first_over(connection, payer, wanted, CONFIGURED):
                return payer, None
            return payer, ledger.reserve(connection, payer, STEP, 1, wanted, 0.0)

        payer, number = self.store.write(act)
        assert payer.root == run.partition("/")[0]
        assert payer.within == (("one/below",) if run.startswith("one/below") else ())
        room = all(
            self._held(account) + wanted[what] <= self._cap(account)
            for what in wanted
            for account in payer.accounts(what)
        )
        assert (number is not None) == room
        if number is not None:
            self.open_[number] = (payer, amount)
            self.calls.update(payer.accounts("model_calls"))

    @precondition(lambda self: self.open_)
    @rule(data=st.data(), share=st.floats(0, 1))
    def settle(self, data: st.DataObject, share: float) -> None:
        number, payer, amount = self._take(data)
        cost = int(amount * share)
        self.store.write(lambda connection: ledger.settle(connection, number, cost))
        self.closed.append((payer, cost))

    @precondition(lambda self: self.open_)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        number, _, _ = self._take(data)
        self.store.write(lambda connection: ledger.release(connection, number))

    @precondition(lambda self: self.open_)
    @rule(data=st.data())
    def keep(self, data: st.DataObject) -> None:
        number, payer, amount = self._take(data)
        self.store.write(lambda connection: ledger.keep(connection, number))
        self.closed.append((payer, amount))

    @rule(run=st.sampled_from(RUNS))
    def lose_the_attempt(self, run: str) -> None:
        """It was killed; the run goes on in another. What it had reserved is kept."""

        def act(connection: sa.Connection) -> int:
            connection.execute(runs.update().where(runs.c.id == run).values(attempts=runs.c.attempts + 1))
            return ledger.keep_those_of_lost_attempts(connection)

        lost = [number for number, (payer, _) in self.open_.items() if payer.run == run]
        assert self.store.write(act) == len(lost)
        self.closed += [self.open_.pop(number) for number in lost]
        self.store.write(
            lambda connection: connection.execute(runs.update().where(runs.c.id == run).values(attempts=1))
        )

    @rule(run=st.sampled_from(("one", "two", "one/below")), usd=st.sampled_from((None, 0.0, 0.0005, 0.002, 0.01)))
    def set_cap_of_a_run(self, run: str, usd: float | None) -> None:
        account = Account("run", run, "", "usd")
        self.store.write(lambda connection: set_cap(connection, account, usd, CONFIGURED, "ada", "", 0.0))
        self.caps.pop(account, None)
        if usd is not None:
            self.caps[account] = millionths(usd)

    # ------------------------------------------------------------ what holds

    @invariant()
    def what_is_under_way_is_that_of_the_run_and_those_below(self) -> None:
        if not hasattr(self, "store"):
            return
        for name in ("one", "one/below"):
            mine = sum(amount for payer, amount in self.open_.values() if f"{payer.run}/".startswith(f"{name}/"))
            account = Account("run", name, "", "usd")
            assert self.store.read(partial(ledger.under_way, account=account)) == mine

    @invariant()
    def each_account_holds_the_sum_of_its_own(self) -> None:
        if not hasattr(self, "store"):
            return
        for row in self.store.rows(sa.select(spending)):
            account = Account(row.scope, row.subject, row.period, row.what)
            assert row.amount == self._held(account), account
        still = self.store.rows(sa.select(reservations.c.seq).where(reservations.c.state == "reserved"))
        assert {row.seq for row in still} == set(self.open_)

    # ------------------------------------------------------------ the model

    def _held(self, account: Account) -> int:
        if account.what == "model_calls":
            return self.calls[account]
        return sum(amount for payer, amount in [*self.open_.values(), *self.closed] if account in payer.accounts("usd"))

    def _cap(self, account: Account) -> int:
        declared = millionths(BUDGET) if account.subject in DECLARES and account.what == "usd" else maxsize
        return self.caps.get(account, min(declared, CONFIGURED[account.scope, account.what]))

    def _take(self, data: st.DataObject) -> tuple[int, Payer, int]:
        number = data.draw(st.sampled_from(sorted(self.open_)))
        return number, *self.open_.pop(number)


TestLedger = Ledger.TestCase
TestLedger.settings = settings(max_examples=8, stateful_step_count=50, deadline=None, derandomize=True)


def test_accounts_are_looked_up_however_many_they_are(tmp_path: Path) -> None:
    accounts = [Account("run", str(number), "", what) for number in range(2_000) for what in ("usd", "model_calls")]
    accounts += [Account("skill", "a", "2026-11-01", "usd"), Account("skill", "b", "2026-11-02", "usd")]

    def spend(connection: sa.Connection) -> None:
        ledger.add(connection, Payer("7", "7", "a", "2026-11-01"), {"usd": 5})
        ledger.add(connection, Payer("8", "8", "b", "2026-11-01"), {"usd": 6})
        set_cap(connection, Account("run", "1999", "", "usd"), 1, CONFIGURED, "ada", "", 0.0)

    with Store(tmp_path / "tend.db") as store:
        store.write(spend)
        used = store.read(lambda connection: ledger.amounts_of(connection, accounts))
        caps = store.read(lambda connection: ledger.caps_of(connection, accounts, CONFIGURED))
    assert {account: amount for account, amount in used.items() if amount} == {
        Account("run", "7", "", "usd"): 5,
        Account("run", "8", "", "usd"): 6,
        Account("skill", "a", "2026-11-01", "usd"): 5,
    }
    assert len(used) == len(caps) == len(accounts)
    changed = {account for account, cap in caps.items() if cap != CONFIGURED[account.scope, account.what]}
    assert changed == {Account("run", "1999", "", "usd")}
