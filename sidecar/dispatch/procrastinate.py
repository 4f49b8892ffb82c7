"""Many machines: ready runs are handed over to a queue, and fetched by the hosts that have room.

a run is ready ─► handed over: marked, and deferred, in one transaction ─► fetched by a host
    ─► taken: its fence rises ─► its attempt is conducted ─► the job is deleted
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import partial

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from sidecar.clock import Clock
from sidecar.dispatch.conducting import Conducting
from sidecar.dispatch.queue import Queue, has_job
from sidecar.execution.attempt import AttemptRunner
from sidecar.failpoints import failpoint
from sidecar.journal import runs as journal
from sidecar.journal.handing import (
    IS_HANDED_OVER,
    IS_RUNNING,
    end_lost_attempts,
    hand_over,
    is_any,
    take,
    take_back,
)
from sidecar.looking import Looking, Seldom
from sidecar.quarantine.settle import Quarantine
from sidecar.store import Store, StoreError
from sidecar.store.schema import runs

RUNS_AT_ONCE = 200  # that one transaction hands over
TRY_AGAIN_AFTER = 1.0  # seconds
STOPPED_WITHIN = 10.0  # seconds that another host has to end what it conducts

log = logging.getLogger(__name__)


class ProcrastinateDispatcher:
    """Up to `workers` attempts at once; on the host that leads, as many again that only it may conduct. `on_lost` is
    called when the queue has ended by itself: nothing may go on here then."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        runner: AttemptRunner,
        quarantine: Quarantine,
        workers: int,
        address: str,
        host: str,
        *,
        on_lost: Callable[[str], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._runner = runner
        self._quarantine = quarantine
        self._host = host
        self._conducting = Conducting(runner, quarantine)
        self._tidy = Seldom(self._conducting.tidy)
        self._looking = Looking(clock, self._look, "dispatcher")
        self.queue = Queue(address, workers, conduct=self._conduct, stop=self._conducting.stop, on_end=on_lost)
        self._stopping = threading.Event()

    def start(self) -> None:
        self._quarantine.settle()
        self.queue.start()
        self._looking.start()

    def nudge(self) -> None:
        self._looking.nudge()

    def stop_run(self, run: str) -> None:
        if self._conducting.stop(run):
            return
        try:
            self.queue.abort(run, STOPPED_WITHIN)
        except TimeoutError:
            log.warning("run %s was cancelled; whether its process is dead, its host has not said", run)

    def stop(self) -> None:
        self._stopping.set()
        self._looking.stop()
        self._conducting.stop_all()
        self.queue.stop()

    def rescue(self) -> None:
        """For the host that leads: what nobody conducts, or waits for nobody, any more."""
        is_fetched, waits = has_job(runs.c.id, fetched=True), has_job(runs.c.id, fetched=False)
        self._runner.rescue(~is_fetched & ~waits)
        self._mend(IS_RUNNING & ~is_fetched & waits, partial(end_lost_attempts, now=self._clock.now()))
        self._mend(IS_HANDED_OVER & ~is_fetched & ~waits, take_back)
        self.nudge()

    def _mend(self, which: sa.ColumnElement[bool], change: Callable[..., None]) -> None:
        """Mostly there is none, and no host has to wait for a write."""
        if self._store.read(partial(is_any, which=which)):
            self._store.write(partial(change, which=which))

    def _look(self) -> float | None:
        self._tidy()
        now = self._clock.now()
        due = self._store.read(journal.next_wake)
        if due is None or due > now:
            return due
        self._store.write(lambda connection: self._hand_over(connection, now))
        failpoint("dispatcher.claimed")
        return self._store.read(journal.next_wake)

    def _hand_over(self, connection: Connection, now: float) -> None:
        journal.wake_due(connection, now)
        self.queue.defer(connection, hand_over(connection, RUNS_AT_ONCE, now))

    def _conduct(self, run: str) -> None:
        """A run that is fetched while this host stops stays as it is, and is rescued by the one that leads."""
        if self._stopping.is_set():
            return
        now = self._clock.now()
        try:
            segment = self._store.write(lambda connection: take(connection, run, self._host, now))
        except (StoreError, DBAPIError):
            log.exception("whether run %s is taken is not known: the store has not said", run)
            self._runner.interrupted.add(run)
        else:
            if segment is None:
                return
            attempt = self._conducting.prepare(segment)
            if attempt is not None:
                self._conducting.carry_out(attempt)
        self._give_back(run)
        self.nudge()

    def _give_back(self, run: str) -> None:
        """Its attempt may have broken off since the store took no changes. That was no fault of the run's, as this host
        alone knows; its job keeps others away until that is on disk."""
        while run in self._runner.interrupted:
            try:
                self._runner.rescue(runs.c.id == run)
                self._runner.interrupted.discard(run)
            except (StoreError, DBAPIError) as error:
                log.warning("run %s could not be given back yet: %s", run, error)
                if self._stopping.wait(TRY_AGAIN_AFTER):
                    return
