"""The attempts that this process conducts at the moment."""

from __future__ import annotations

import logging
import threading

from sidecar.execution.attempt import Attempt, AttemptRunner, is_stores_fault
from sidecar.journal import runs as journal
from sidecar.journal.runs import Segment
from sidecar.quarantine.settle import Quarantine

log = logging.getLogger(__name__)


class Conducting:
    def __init__(self, runner: AttemptRunner, quarantine: Quarantine) -> None:
        self._runner = runner
        self._quarantine = quarantine
        self._live: dict[str, Attempt] = {}
        self._turn = threading.Lock()

    def runs(self) -> set[str]:
        with self._turn:
            return set(self._live)

    def prepare(self, segment: Segment) -> Attempt | None:
        """From here on it can be stopped; `carry_out` has to follow. None: it can't be begun; the run is running while
        nobody conducts it, and is rescued."""
        try:
            attempt = self._runner.prepare(segment)
        except Exception as error:
            if is_stores_fault(error):
                self._runner.interrupted.add(segment.run)
                log.exception("run %s could not be begun, since the store can't be asked", segment.run)
            else:
                log.exception("run %s could not be begun; the next look counts that as a death", segment.run)
            return None
        with self._turn:
            self._live[segment.run] = attempt
        return attempt

    def carry_out(self, attempt: Attempt) -> None:
        """Returns when its process is dead and its outcome on disk, or when that went wrong: the run is then running
        while nobody conducts it, and is rescued."""
        segment = attempt.segment
        try:
            attempt.carry_out()
            self._quarantine.settle()
        except Exception:
            log.exception("run %s: its attempt %d broke off", segment.run, segment.attempt)
        finally:
            with self._turn:
                del self._live[segment.run]

    def stop(self, run: str) -> bool:
        """End the attempt of this run; False: it is none of ours."""
        with self._turn:
            attempt = self._live.get(run)
        if attempt is not None:
            attempt.stop()
        return attempt is not None

    def tidy(self) -> None:
        """Fail the runs whose deadline has passed; end the attempts here whose run somebody else has ended."""
        if self._runner.end_overdue():
            self._quarantine.settle()
        for run in self._runner.store.read(lambda connection: journal.ended_among(connection, self.runs())):
            self.stop(run)

    def stop_all(self) -> None:
        for run in self.runs():
            self.stop(run)
