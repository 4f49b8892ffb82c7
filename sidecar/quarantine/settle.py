"""Draws the consequences of what was counted: opens, opens again or closes a breaker, and tells people.

What a crash leaves counted and not settled, the next start settles.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sidecar.caller import TEND
from sidecar.clock import Clock
from sidecar.moments import Moments
from sidecar.notices.alerts import RECOVERED
from sidecar.notices.targets import ALERTS
from sidecar.notices.tell import alert, tell
from sidecar.quarantine.breaker import Breaker, Change, Policy
from sidecar.quarantine.count import breaker_of, last_error, put, reason_of
from sidecar.registry import record_audit
from sidecar.store import Store
from sidecar.store.prepared import Prepared
from sidecar.store.schema import breakers, skills

_COUNTED = Prepared(
    sa.select(breakers, skills.c.origin).join(skills, skills.c.name == breakers.c.skill).order_by(breakers.c.skill)
)


@dataclass(frozen=True)
class _Counted:
    skill: str
    breaker: Breaker
    policy: Policy


@dataclass(frozen=True)
class _Told:
    skill: str
    run: str
    change: Change
    text: str | None  # of the notice
    was_open: bool


KINDS: dict[Change, str] = {"failing": "failed", "opened": "quarantined", "recovered": RECOVERED}


class Quarantine:
    def __init__(self, store: Store, clock: Clock, moments: Moments, policy: Policy) -> None:
        self._store = store
        self._clock = clock
        self._moments = moments
        self.policy = policy

    def settle(self) -> None:
        """Draw the consequences of what was counted. Called after each attempt, and at start."""
        if not self._store.read(self._is_unsettled):
            return
        for told in self._store.write(self._settle):
            self._publish(told)

    def _is_unsettled(self, connection: Connection) -> bool:
        return any(row.breaker.settled(row.policy)[1] for row in self._counted(connection))

    def _settle(self, connection: Connection) -> list[_Told]:
        return [told for row in self._counted(connection) if (told := self._settle_one(connection, row))]

    def _counted(self, connection: Connection) -> list[_Counted]:
        """A skill that ships with Tend is held back from nothing: what people ask of it is no trigger."""
        never = replace(self.policy, failures=sys.maxsize)
        return [
            _Counted(row.skill, breaker_of(connection, row), never if row.origin == "shipped" else self.policy)
            for row in _COUNTED.rows(connection)
        ]

    def _settle_one(self, connection: Connection, row: _Counted) -> _Told | None:
        skill, counted = row.skill, row.breaker
        breaker, change = counted.settled(row.policy)
        if change is None:
            return None
        put(connection, skill, breaker)
        now, run = self._clock.now(), counted.last_run or ""
        was_open = counted.opened_at is not None
        why = _why(connection, breaker, change, run)
        if change in ("opened", "reopened") or was_open:
            record_audit(
                connection, now, TEND, "recover" if change == "recovered" else "quarantine", skill, why, skill=skill
            )
        text = self._notice(skill, run, change, why, was_open=was_open)
        if text is not None:
            tell(connection, alert(KINDS[change], skill=skill, text=text, run=run), now)
        return _Told(skill, run, change, text, was_open=was_open)

    def _notice(self, skill: str, run: str, change: Change, why: str, *, was_open: bool) -> str | None:
        """One at the first failure, one when it opens, one when it has recovered; a trial that fails tells nothing
        new."""
        match change:
            case "failing":
                return (
                    f"{skill} has failed: {why}. What happened: tend runs show {run}. Until it is well again, further "
                    "failures are not told one by one."
                )
            case "opened":
                return (
                    f"{skill} is quarantined: {why}. Its triggers start no runs; after "
                    f"{self.policy.cool_down:g} s one trial is let through, and if that succeeds it goes on by "
                    f"itself. What happened: tend runs show {run}. To let it go on now: tend skills resume {skill}"
                )
            case "recovered":
                return f"{skill} has recovered: {why}.{' Its triggers start runs again.' if was_open else ''}"
            case "reopened":
                return None

    def _publish(self, told: _Told) -> None:
        if told.was_open or told.change == "opened":
            what = "recovered" if told.change == "recovered" else "quarantined"
            self._moments.publish("skill", skill=told.skill, what=what, run=told.run)
        if told.text is not None:
            facts = {"skill": told.skill, "target": ALERTS, "kind": KINDS[told.change], "text": told.text}
            self._moments.publish("notice", run=told.run, **facts)


def _why(connection: Connection, breaker: Breaker, change: Change, run: str) -> str:
    match change:
        case "failing":
            return last_error(connection, breaker)
        case "opened" | "reopened":
            return reason_of(connection, breaker)
        case "recovered":
            return f"run {run} succeeded"
