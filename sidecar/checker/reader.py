"""The first half of a check: what a snapshot's text says, read in a process that may be lost."""

from __future__ import annotations

from typing import Protocol

from sidecar.checker.exchange import decode_reading, encode_snapshot
from sidecar.checker.limited import Limits, run_limited
from sidecar.checker.read_source import Reading
from sidecar.checker.report import Problem, Snapshot


class Reader(Protocol):
    def read(self, snapshot: Snapshot) -> Reading: ...


class ThrowawayReader:
    """A fresh process for each snapshot."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()

    def read(self, snapshot: Snapshot) -> Reading:
        finished = run_limited("sidecar.checker", stdin=encode_snapshot(snapshot), limits=self._limits)
        if finished.status == 0:
            return decode_reading(finished.output)
        reason = f"the file could not be read: {finished.what_happened(self._limits)}"
        fix = "Make it simpler: split long expressions, and move data out of the source."
        return Reading(None, (Problem(stage="check", file=snapshot.entry, line=0, reason=reason, fix=fix),))
