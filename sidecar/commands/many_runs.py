"""The same for many runs: whoever asks names each one, as a preview has shown it, and hears of each by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sidecar.caller import Caller, CommandRefused
from sidecar.client import views
from sidecar.clock import Clock
from sidecar.commands.rerun import RerunCommands, Which, create_again
from sidecar.commands.table import command
from sidecar.dispatch.dispatcher import Dispatcher
from sidecar.journal.runs import FINAL, cancel
from sidecar.registry import record_audit
from sidecar.store import Row, Store
from sidecar.store.schema import runs

RUNS_AT_MOST = 1_000  # in one command
IN_ONE_TRANSACTION = 50  # so that others come in between


class ManyRunsCommands:
    def __init__(self, store: Store, clock: Clock, dispatcher: Dispatcher, again: RerunCommands) -> None:
        self._store = store
        self._clock = clock
        self._dispatcher = dispatcher
        self._again = again

    @command("runs.cancel_many", stores=True)
    def cancel(self, caller: Caller, runs: list[str], reason: str = "") -> list[views.RunOutcome]:
        """On disk before any process is touched; the processes are dead when this returns."""
        ended: list[str] = []

        def one(connection: Connection, row: Row) -> str:
            if row.state in FINAL:
                raise CommandRefused("over", f"it is {row.state} already")
            now = self._clock.now()
            ended.extend(cancel(connection, row.id, reason or f"cancelled by {caller.who}", now))
            record_audit(connection, now, caller.who, "cancel", f"run {row.id}", reason, skill=row.skill)
            return "cancelled"

        told = self._each(runs, one)
        for run in ended:
            self._dispatcher.stop_run(run)
        self._dispatcher.nudge()
        return told

    @command("runs.rerun_many")
    def rerun(self, caller: Caller, runs: list[str], version: Which = "active") -> list[views.RunOutcome]:
        """Each from its beginning, with the input that it had."""

        def one(connection: Connection, row: Row) -> str:
            new = self._again.prepared(row, version)
            return f"run {create_again(connection, row, new, caller.who, self._clock.now())}"

        told = self._each(runs, one)
        self._dispatcher.nudge()
        return told

    def _each(self, wanted: Sequence[str], act: Callable[[Connection, Row], str]) -> list[views.RunOutcome]:
        """`act` on each run that there is, a slice of them to a transaction."""
        if len(wanted) > RUNS_AT_MOST:
            raise CommandRefused("usage", f"{len(wanted):,} runs are too many at once; {RUNS_AT_MOST:,} is the most")
        told: list[views.RunOutcome] = []
        for start in range(0, len(wanted), IN_ONE_TRANSACTION):
            some = wanted[start : start + IN_ONE_TRANSACTION]
            told += self._store.write(lambda connection: [_try(connection, run, act) for run in some])  # noqa: B023
        return told


def _try(connection: Connection, run: str, act: Callable[[Connection, Row], str]) -> views.RunOutcome:
    row = connection.execute(sa.select(runs).where(runs.c.id == run)).first()
    if row is None:
        return views.RunOutcome(run=run, done=False, told="there is no such run")
    try:
        return views.RunOutcome(run=run, done=True, told=act(connection, row))  # refused before it writes anything
    except CommandRefused as refused:
        return views.RunOutcome(run=run, done=False, told=str(refused))
