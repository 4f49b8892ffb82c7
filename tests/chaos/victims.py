"""Kills a process of a live sidecar, of a kind that is named, and starts the sidecar again where it was that."""

from __future__ import annotations

import os
import signal
from collections import Counter
from contextlib import suppress
from random import Random

import sqlalchemy as sa

from sidecar.store.schema import attempts
from tests.support.live_sidecar import LiveSidecar
from tests.support.processes import children_of


class Victims:
    """`figures` counts the kills."""

    def __init__(self, sidecar: LiveSidecar, figures: Counter[str]) -> None:
        self._sidecar = sidecar
        self._figures = figures

    def mind(self) -> None:
        if not self._sidecar.alive:
            assert self._sidecar.exit_status() == -signal.SIGKILL, self._sidecar.said()
            self._sidecar.start()

    def answers(self) -> bool:
        """The last kill may have been the sidecar's own."""
        self.mind()
        return self._sidecar.answers()

    def kill(self, victim: str, chance: Random) -> int:
        """One of the "sidecar", "worker", "gateway", "zygote" processes. Returns how many were killed."""
        pids = self._pids(victim)
        if not pids:
            return 0
        with suppress(ProcessLookupError):
            os.kill(chance.choice(pids), signal.SIGKILL)
        self._figures[f"kills of the {victim}"] += 1
        return 1

    def _pids(self, victim: str) -> list[int]:
        if victim == "sidecar":
            return [self._sidecar.pid]
        if victim == "worker":
            found = sa.select(attempts.c.pid).where(attempts.c.outcome == "running", attempts.c.pid.is_not(None))
            return [row.pid for row in self._sidecar.query(found)]
        return [pid for pid, command in children_of(self._sidecar.pid).items() if victim in command]
