"""Hands ready runs to live workers: *execute this ready segment of a run at least once, soon*.

Which runs are ready, and whether their skill has room, is decided in the journal's transaction (`journal.claim`), so
that a run that waits holds neither a process nor one of our slots.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from sqlalchemy.engine import Connection

from sidecar.clock import Clock
from sidecar.execution.attempt import Attempt, AttemptRunner
from sidecar.failpoints import failpoint
from sidecar.journal import runs as journal
from sidecar.journal.runs import Segment
from sidecar.quarantine.settle import Quarantine
from sidecar.store import Store

LOOK_AT_LEAST_EVERY = 1.0  # seconds: a clock that jumped is noticed by then

log = logging.getLogger(__name__)


class Dispatcher(Protocol):
    """The engine's seam: another one may spread the segments over many machines."""

    def start(self) -> None: ...

    def nudge(self) -> None:
        """There may be something new to do."""
        ...

    def stop_run(self, run: str) -> None:
        """End the attempt of this run, wherever it is; returns when its process is dead."""
        ...

    def stop(self) -> None:
        """End all attempts; their runs stay queued."""
        ...


class LocalDispatcher:
    """One machine, no server: a thread conducts each attempt, up to `workers` at once."""

    def __init__(self, store: Store, clock: Clock, runner: AttemptRunner, quarantine: Quarantine, workers: int) -> None:
        self._store = store
        self._clock = clock
        self._runner = runner
        self._quarantine = quarantine
        self._slots = workers
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="attempt")
        self._live: dict[str, Attempt] = {}
        self._changed = threading.Condition()
        self._news = True
        self._stopping = False
        self._thread = threading.Thread(target=self._serve, name="dispatcher", daemon=True)

    def start(self) -> None:
        self._quarantine.settle()  # what the last sidecar had counted
        self._thread.start()

    def nudge(self) -> None:
        with self._changed:
            self._news = True
            self._changed.notify()

    def stop_run(self, run: str) -> None:
        with self._changed:
            attempt = self._live.get(run)
        if attempt:
            attempt.stop()

    def stop(self) -> None:
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join()
        for attempt in list(self._live.values()):
            attempt.stop()
        self._pool.shutdown(wait=True)

    def _serve(self) -> None:
        while not self._stopping:
            try:
                wake_at = self._look()
            except Exception:
                log.exception("the dispatcher could not look for ready runs; it looks again")
                wake_at = None
            self._rest(wake_at)

    def _look(self) -> float | None:
        """Start what is ready and has room; return when something will be ready by itself."""
        with self._changed:
            self._news = False
            free = self._slots - len(self._live)
            live = set(self._live)
        self._runner.rescue(live)
        if self._runner.end_overdue():
            self._quarantine.settle()
        for run in self._store.read(lambda connection: journal.ended_among(connection, live)):
            self.stop_run(run)
        now = self._clock.now()
        due = self._store.read(journal.next_wake)
        if due is None or due > now:
            return due
        segments = self._store.write(lambda connection: self._claim(connection, free, now, live))
        failpoint("dispatcher.claimed")
        for segment in segments:
            self._start(segment)
        return self._store.read(journal.next_wake)

    def _start(self, segment: Segment) -> None:
        try:
            attempt = self._runner.prepare(segment)
        except Exception:
            log.exception("run %s could not be begun; the next look counts that as a death", segment.run)
            return
        with self._changed:
            self._live[segment.run] = attempt
        self._pool.submit(self._conduct, segment, attempt)

    def _claim(self, connection: Connection, free: int, now: float, live: Collection[str]) -> list[Segment]:
        """A run that is ready again already waits until the process of its last attempt is dead."""
        journal.wake_due(connection, now)
        return journal.claim(connection, free, now, except_for=live)

    def _conduct(self, segment: Segment, attempt: Attempt) -> None:
        try:
            attempt.carry_out()
            self._quarantine.settle()
        except Exception:
            log.exception("run %s: its attempt %d broke off", segment.run, segment.attempt)
        finally:
            with self._changed:
                del self._live[segment.run]
            self.nudge()

    def _rest(self, wake_at: float | None) -> None:
        """Until something changes, or the next time is due; a ready run that has no room waits for a change."""
        now = self._clock.now()
        until = LOOK_AT_LEAST_EVERY
        if wake_at is not None and wake_at > now:
            until = min(until, wake_at - now)
        with self._changed:
            self._changed.wait_for(lambda: self._news or self._stopping, until)
