"""Looks after what waits for room under a cap: it goes on, or has waited too long. And what attempts have left reserved
that are over is kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sidecar.approvals import Ended
from sidecar.budget import ledger, waits
from sidecar.budget.budget import Budget
from sidecar.budget.question import by, raise_cap
from sidecar.budget.words import EXHAUSTED
from sidecar.checker.manifest import Manifest
from sidecar.execution.outcome import fail_at_once
from sidecar.failpoints import failpoint
from sidecar.looking import Looking
from sidecar.store import Row
from sidecar.store.prepared import Prepared
from sidecar.store.schema import budget_waits, reservations, runs
from skills.wire import ErrorInfo

_WAITING = sa.exists().select_from(budget_waits)
_RESERVED = sa.exists().where(reservations.c.state == "reserved")
_IS_ANYTHING = Prepared(sa.select(sa.literal(1).label("one")).where(sa.or_(_WAITING, _RESERVED)))


class BudgetWatch:
    """Looks once a second between `start` and `stop`."""

    def __init__(self, budget: Budget, manifest: Callable[[Row], Manifest], on_ready: Callable[[], None]) -> None:
        self._budget = budget
        self._manifest = manifest
        self._on_ready = on_ready
        self.looking = Looking(budget.clock, self.look, "budget")

    def look(self) -> None:
        if not self._budget.store.read(_is_anything):
            return
        if self._budget.store.write(self._let_go_on):
            failpoint("budget.gone_on")
            self._budget.tell_settled()
            self._on_ready()
        for row in self._budget.store.read(lambda connection: waits.expired(connection, self._budget.clock.now())):
            self._expire(row)

    def _let_go_on(self, connection: Connection) -> bool:
        """True: something has changed."""
        kept = ledger.keep_those_of_lost_attempts(connection)
        waits.forget_the_ended(connection)
        budget = self._budget
        return bool(waits.let_go_on(connection, budget.configured, budget.today, budget.clock.now())) or kept > 0

    def _expire(self, wait: Row) -> None:
        within = timedelta(seconds=wait.expires_at - wait.since)
        message = f"{wait.told}. It has waited {within}, and nobody has raised the cap. See: tend cost"

        def change(connection: Connection) -> None:
            if waits.is_over(connection, wait.run, self._budget.clock.now()):
                self._exhaust(connection, wait.run, message)

        self._budget.store.write(change)

    def answered(self, connection: Connection, row: Row, ended: Ended) -> None:
        """A person has answered whether the cap may be raised; with a yes, the next look lets the run go on."""
        if ended.state == "approved":
            raise_cap(connection, row, by(ended), self._budget.configured, self._budget.clock.now())
        else:
            said = "Nobody has answered in time" if ended.state == "expired" else f"No, said {by(ended)}"
            self._exhaust(connection, row.run, f"{row.question} {said}")

    def _exhaust(self, connection: Connection, run: str, message: str) -> None:
        """The skill is not to blame: no retry, no breaker."""
        row = connection.execute(sa.select(runs).where(runs.c.id == run)).one()
        error = ErrorInfo(type=EXHAUSTED, message=message, retryable=False)
        now = self._budget.clock.now()
        fail_at_once(connection, run, error, self._manifest(row), now, why="found no room under its cap")
        waits.forget(connection, run)


def _is_anything(connection: Connection) -> bool:
    return _IS_ANYTHING.row(connection) is not None
