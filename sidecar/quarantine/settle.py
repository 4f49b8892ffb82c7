"""Draws the consequences of what was counted: opens, opens again or closes a breaker, and tells people.

What a crash leaves counted and not settled, the next start settles.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sidecar.caller import TEND
from sidecar.clock import Clock
from sidecar.moments import Moments
from sidecar.quarantine.breaker import Breaker, Change, Policy
from sidecar.quarantine.count import breaker_of, put, reason_of
from sidecar.registry import record_audit
from sidecar.store import Store
from sidecar.store.schema import breakers, notices


@dataclass(frozen=True)
class _Told:
    skill: str
    run: str
    change: Change
    text: str | None  # of the notice


class Quarantine:
    def __init__(self, store: Store, clock: Clock, moments: Moments, policy: Policy) -> None:
        self._store = store
        self._clock = clock
        self._moments = moments
        self._policy = policy

    def settle(self) -> None:
        """Draw the consequences of what was counted. Called after each attempt, and at start."""
        if not self._store.read(self._is_unsettled):
            return
        for told in self._store.write(self._settle):
            self._publish(told)

    def _is_unsettled(self, connection: Connection) -> bool:
        found = connection.execute(sa.select(breakers)).all()
        return any(breaker_of(connection, row).settled(self._policy)[1] for row in found)

    def _settle(self, connection: Connection) -> list[_Told]:
        found = connection.execute(sa.select(breakers).order_by(breakers.c.skill)).all()
        settled = [self._settle_one(connection, row.skill, breaker_of(connection, row)) for row in found]
        return [told for told in settled if told]

    def _settle_one(self, connection: Connection, skill: str, counted: Breaker) -> _Told | None:
        breaker, change = counted.settled(self._policy)
        if change is None:
            return None
        put(connection, skill, breaker)
        now, run = self._clock.now(), counted.last_run or ""
        what = "recover" if change == "recovered" else "quarantine"
        why = f"run {run} succeeded" if change == "recovered" else reason_of(connection, breaker)
        record_audit(connection, now, TEND, what, skill, why)
        text = self._notice(skill, run, change, why)
        if text is not None:
            row = {"run": run, "skill": skill, "target": TEND, "text": text}
            connection.execute(notices.insert().values(id=secrets.token_hex(8), at=now, **row))
        return _Told(skill, run, change, text)

    def _notice(self, skill: str, run: str, change: Change, why: str) -> str | None:
        """One when it opens, one when it has recovered; a trial that fails tells nothing new."""
        match change:
            case "opened":
                return (
                    f"{skill} is quarantined: {why}. Its triggers start no runs; after "
                    f"{self._policy.cool_down:g} s one trial is let through, and if that succeeds it goes on by "
                    f"itself. What happened: tend runs show {run}. To let it go on now: tend skills resume {skill}"
                )
            case "recovered":
                return f"{skill} has recovered: {why}. Its triggers start runs again."
            case "reopened":
                return None

    def _publish(self, told: _Told) -> None:
        what = "recovered" if told.change == "recovered" else "quarantined"
        self._moments.publish("skill", skill=told.skill, what=what, run=told.run)
        if told.text is not None:
            self._moments.publish("notice", run=told.run, skill=told.skill, target=TEND, text=told.text)
