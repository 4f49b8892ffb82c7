"""Lets approvals expire: also those for which no run waits, and whether or not a worker is free."""

from __future__ import annotations

from collections.abc import Callable

from sidecar.approvals.answering import Approvals, next_expiry
from sidecar.clock import Clock
from sidecar.looking import Looking
from sidecar.moments import Moments
from sidecar.store import Store


class Expiry:
    """A part of the sidecar. What waited for an approval that has expired is woken in the same transaction."""

    def __init__(
        self, store: Store, clock: Clock, approvals: Approvals, moments: Moments, on_ready: Callable[[], None]
    ) -> None:
        self._store = store
        self._clock = clock
        self._approvals = approvals
        self._moments = moments
        self._on_ready = on_ready
        self.looking = Looking(clock, self._look, "approvals")

    def _look(self) -> float | None:
        """When the next one expires."""
        due = self._store.read(next_expiry)
        if due is None or due > self._clock.now():
            return due
        for row in self._store.write(self._approvals.expire_due):
            self._moments.publish("approval", id=row.id, state=row.state, question=row.question, run=row.run)
        self._on_ready()
        return self._store.read(next_expiry)
