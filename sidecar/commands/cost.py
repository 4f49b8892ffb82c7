"""Commands about money: what was spent, and what may be."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sidecar.budget.accounts import Payer
from sidecar.budget.budget import Budget
from sidecar.budget.caps import refuse_unknown, set_cap
from sidecar.budget.ledger import payer_of
from sidecar.budget.report import caps_in_force, cost
from sidecar.caller import Caller, CommandRefused
from sidecar.client import views
from sidecar.client.views import Scope, What
from sidecar.commands.runs import RunCommands
from sidecar.commands.table import command
from sidecar.store.schema import skills


class CostCommands:
    def __init__(self, budget: Budget, runs: RunCommands, on_raised: Callable[[], None]) -> None:
        self._budget = budget
        self._runs = runs
        self._on_raised = on_raised

    @command("cost.show", agent=True)
    def show(self, caller: Caller, since: date | None = None, skill: str | None = None) -> views.Cost:  # noqa: ARG002
        """`since` a day, its own spending included; left out, since the month began."""
        budget = self._budget
        here = datetime.fromtimestamp(budget.clock.now(), ZoneInfo(budget.settings.zone))
        first = since or here.date().replace(day=1)
        return budget.store.read(lambda connection: cost(connection, budget.configured, here, first, skill))

    @command("cost.caps", agent=True)
    def caps(self, caller: Caller) -> list[views.Cap]:  # noqa: ARG002
        return self._budget.store.read(lambda connection: caps_in_force(connection, self._budget.configured))

    @command("cost.cap", stores=True)
    def cap(
        self,
        caller: Caller,
        scope: Scope,
        subject: str = "",
        what: What = "usd",
        amount: float | None = None,
        why: str = "",
    ) -> list[views.Cap]:
        """Set the cap of a run and those below it, of a skill's day, of a day or a month; without `amount`, put it back
        to what the settings or the skill say. For a run that another has called, that is the one at the top; in USD its
        own, where its skill declares a budget. Runs that wait and have room now go on."""
        refuse_unknown(scope, what)
        budget = self._budget

        def change(connection: Connection) -> None:
            account = self._payer(connection, scope, subject, what).account(scope, what)
            set_cap(connection, account, amount, budget.configured, caller.who, why, budget.clock.now())

        budget.store.write(change)
        self._on_raised()
        return self.caps(caller)

    def _payer(self, connection: Connection, scope: Scope, subject: str, what: What) -> Payer:
        """Whose cap it is."""
        run = ""
        if scope == "run":
            asked = self._runs.find(subject).id
            payer = payer_of(connection, asked, "", self._budget.today)
            run = asked if what == "usd" and asked in payer.within else payer.root
        if scope == "skill" and connection.scalar(sa.select(skills.c.name).where(skills.c.name == subject)) is None:
            raise CommandRefused("not_found", f"there is no skill {subject!r}. See: tend skills list")
        return Payer(run, run, subject, self._budget.today)
