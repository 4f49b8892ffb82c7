"""A run history, written into a real store row by row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from pydantic import JsonValue
from sqlalchemy.engine import Connection

from sidecar.checker.manifest import Cron, Expectation, Manifest
from sidecar.notices.dead_man import hold_to
from sidecar.review.evidence import Candidate, Evidence, gather_evidence
from sidecar.store import Store, schema

DAY = 86400.0
UNTIL = datetime(2026, 11, 20, 10, tzinfo=UTC).timestamp()
SINCE = UNTIL - 7 * DAY
BEFORE = SINCE - 7 * DAY


def version_of(skill: str, number: int = 1) -> str:
    return f"{number:04d}{skill}".ljust(64, "0")[:64]


@dataclass
class History:
    """Adds rows and reviews them. Times are seconds since 1970; runs must be added in the order of their time."""

    store: Store
    runs: int = field(default=0, init=False)
    _open: Connection | None = field(default=None, init=False)

    def skill(
        self, name: str, *, versions: int = 1, origin: str = "workspace", expect: Expectation | None = None
    ) -> None:
        """A skill whose newest of so many versions is active."""
        manifest = Manifest(
            name=name,
            purpose="",
            takes_input=False,
            triggers=(Cron(expression="0 * * * *"),),
            expect=expect or Expectation(),
        )
        for number in range(1, versions + 1):
            self._add(
                schema.versions,
                hash=version_of(name, number),
                skill=name,
                state="active" if number == versions else "retired",
                entry=f"skills/{name}.py",
                files={},
                manifest=manifest.model_dump(mode="json"),
                author="agent",
                reason="",
                created_at=0.0,
            )
        self._add(schema.skills, name=name, origin=origin, active=version_of(name, versions), paused=False)
        self._write(lambda connection: hold_to(connection, name, manifest, 0.0))

    def run(self, skill: str, at: float, output: JsonValue = "fine", *, version: int = 1, **more: Any) -> str:
        """A run that took a second and ended well, if not said otherwise."""
        self.runs += 1
        identity = f"{self.runs:08x}{'f' * 8}"
        values = {
            "id": identity,
            "skill": skill,
            "version": version_of(skill, version),
            "state": "succeeded",
            "trigger": "cron 0 * * * * UTC at …",
            "output": output,
            "ready_at": at,
            "created_at": at,
            "started_at": at,
            "ended_at": at + 1.0,
        }
        self._add(schema.runs, **(values | more))
        return identity

    def failed(
        self, skill: str, at: float, error: str = "ConnectTimeout", step: str | None = "fetch", **more: Any
    ) -> str:
        info = {"type": error, "message": f"{error} it is", "traceback": "", "step": step}
        return self.run(skill, at, None, **({"state": "failed", "error": info} | more))

    def every(self, skill: str, start: float, outputs: Sequence[JsonValue], *, apart: float = 3600.0) -> list[str]:
        """A good run for each output."""
        return [self.run(skill, start + number * apart, output) for number, output in enumerate(outputs)]

    def step(self, run: str, name: str, failures: int) -> None:
        values = {"kind": "step", "state": "succeeded", "arguments_hash": "", "seq": 1, "started_at": 0.0}
        self._add(schema.steps, run=run, name=name, occurrence=0, failures=failures, tries=failures + 1, **values)

    def attempt(self, run: str, outcome: str) -> None:
        self._add(schema.attempts, run=run, number=1, outcome=outcome, started_at=0.0)

    def paid(self, run: str, usd: float) -> None:
        times = {"started_at": 0.0, "ended_at": 1.0}
        key = {"run": run, "step": "ask", "occurrence": 0, "attempt": 1, "n": 0}
        self._add(schema.effects, **key, kind="model", request="", cost_usd=usd, **times)

    def approval(
        self, run: str, skill: str, at: float, state: str, because: str | None = None, *, grant: str | None = None
    ) -> None:
        """`grant` is the standing approval that said yes."""
        values = {"kind": "approval", "step": "approve", "occurrence": 0, "question": "Delete <everything>?"}
        self._add(
            schema.approvals,
            id=run,
            run=run,
            skill=skill,
            state=state,
            answer_reason=because,
            grant_used=grant,
            asked_at=at,
            answered_at=at,
            **values,
        )

    def slot(self, skill: str, at: float, outcome: str) -> None:
        row = {"skill": skill, "schedule": "cron", "slot": str(at), "due_at": at, "created_at": at}
        self._add(schema.slots, **row, outcome=outcome)

    def dismissed(self, candidate: Candidate, at: float, reason: str = "that is meant to be so") -> None:
        finding = candidate.model_dump(mode="json", exclude={"version"})
        version = version_of(candidate.skill)
        self._add(
            schema.proposals,
            id=f"{candidate.skill}-{at}",
            skill=candidate.skill,
            state="dismissed",
            finding=finding,
            base=version,
            version=version,
            reason="",
            created_at=at,
            decided_at=at,
            decided_by="person",
            decision_reason=reason,
        )

    def review(self) -> Evidence:
        return self.store.read(lambda connection: gather_evidence(connection, since=SINCE, until=UNTIL))

    def candidates(self) -> list[tuple[str, str]]:
        return [(candidate.skill, candidate.kind) for candidate in self.review().candidates]

    def only(self) -> Candidate:
        found = self.review().candidates
        assert len(found) == 1, found
        return found[0]

    def together(self, add: Callable[[], object]) -> None:
        """Let `add` write many rows in one transaction."""
        self.store.write(lambda connection: self._within(connection, add))

    def _within(self, connection: Connection, add: Callable[[], object]) -> None:
        self._open = connection
        try:
            add()
        finally:
            self._open = None

    def _add(self, table: sa.Table, **values: Any) -> None:
        self._write(lambda connection: connection.execute(table.insert().values(**values)))

    def _write(self, act: Callable[[Connection], object]) -> None:
        if self._open is not None:
            act(self._open)
        else:
            self.store.write(act)
