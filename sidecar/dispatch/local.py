"""One machine, no server: one thread looks for ready runs, others conduct an attempt each."""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy.engine import Connection

from sidecar.clock import Clock
from sidecar.dispatch.conducting import Conducting
from sidecar.execution.attempt import Attempt, AttemptRunner
from sidecar.failpoints import failpoint
from sidecar.journal import runs as journal
from sidecar.journal.runs import Segment
from sidecar.looking import Looking, Seldom
from sidecar.quarantine.settle import Quarantine
from sidecar.store import Store
from sidecar.store.schema import runs


class LocalDispatcher:
    """Up to `workers` attempts at once."""

    def __init__(self, store: Store, clock: Clock, runner: AttemptRunner, quarantine: Quarantine, workers: int) -> None:
        self._store = store
        self._clock = clock
        self._runner = runner
        self._quarantine = quarantine
        self._slots = workers
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="attempt")
        self._conducting = Conducting(runner, quarantine)
        self._tidy = Seldom(self._see_to_the_rest)
        self._looking = Looking(clock, self._look, "dispatcher")

    def start(self) -> None:
        self._quarantine.settle()  # what the last sidecar had counted
        self._looking.start()

    def nudge(self) -> None:
        self._looking.nudge()

    def stop_run(self, run: str) -> None:
        self._conducting.stop(run)

    def stop(self) -> None:
        self._looking.stop()
        self._conducting.stop_all()
        self._pool.shutdown(wait=True)

    def _look(self) -> float | None:
        """Start what is ready and has room; whoever ends makes some, and has us look again."""
        self._tidy()
        live = self._conducting.runs()
        if len(live) >= self._slots:
            return None
        now = self._clock.now()
        due = self._store.read(journal.next_wake)
        if due is None or due > now:
            return due
        segments, due = self._store.write(lambda connection: self._claim(connection, now, live))
        failpoint("dispatcher.claimed")
        for attempt in filter(None, map(self._conducting.prepare, segments)):
            self._pool.submit(self._conduct, attempt)
        return due

    def _see_to_the_rest(self) -> None:
        conducted = self._conducting.runs()  # first: who is conducted no more has said how that ended
        if lost := [run for run in self._store.read(journal.running) if run not in conducted]:
            self._runner.rescue(runs.c.id.in_(lost))
        self._conducting.tidy()

    def _claim(self, connection: Connection, now: float, live: Collection[str]) -> tuple[list[Segment], float | None]:
        """A run that is ready again already waits until the process of its last attempt is dead. Returns too when the
        next one is due."""
        journal.wake_due(connection, now)
        segments = journal.claim(connection, self._slots - len(live), now, except_for=live)
        return segments, journal.next_wake(connection)

    def _conduct(self, attempt: Attempt) -> None:
        self._conducting.carry_out(attempt)
        self.nudge()
