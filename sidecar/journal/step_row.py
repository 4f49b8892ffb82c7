"""One step as its run's journal knows it, and its rows in the store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa
from pydantic import JsonValue
from sqlalchemy.engine import Connection

from sidecar.store import Row, StoreError
from sidecar.store.prepared import Prepared, Values
from sidecar.store.schema import step_attempts, steps
from skills.wire import Done, ErrorInfo, Failed, Retry, StepKey


class StepRow:
    """What is known of one step."""

    def __init__(self, run: str, key: StepKey, kind: str, arguments_hash: str) -> None:
        self.run = run
        self.key = key
        self.kind = kind
        self.arguments_hash = arguments_hash
        self.state = "running"
        self.result: JsonValue = None
        self.error: ErrorInfo | None = None
        self.intent: JsonValue = None
        self.tries = 0
        self.failures = 0
        self.wake_at: float | None = None
        self.child: str | None = None
        self.retry = Retry()
        self.opening: Opening | None = None

    @classmethod
    def of(cls, row: Row) -> StepRow:
        step = cls(row.run, StepKey(name=row.name, occurrence=row.occurrence), row.kind, row.arguments_hash)
        step.state, step.result, step.intent, step.child = row.state, row.result, row.intent, row.child
        step.error = ErrorInfo.model_validate(row.error) if row.error else None
        step.tries, step.failures, step.wake_at = row.tries, row.failures, row.wake_at
        return step

    def remembered(self) -> Done | Failed | None:
        if self.state == "succeeded":
            return Done(result=self.result, replayed=True)
        if self.state == "failed" and self.error:
            return Failed(error=self.error, replayed=True)
        return None

    def unwritten(self) -> Opening | None:
        """Its opening, where that is not in the store: whoever asks writes it with what comes next."""
        if self.opening and not self.opening.withdrawn():
            self.opening = None
        return self.opening


@dataclass
class Opening:
    """That a step, or its next try, has begun. Written with the next commit; with the step's end, if that is sooner."""

    is_new: bool
    step: Values
    attempt: Values | None  # None: no body is tried
    withdraw: Callable[[], bool] | None = None  # from the next commit

    def withdrawn(self) -> bool:
        if self.withdraw and self.withdraw():
            self.withdraw = None
        return self.withdraw is None


def put(
    connection: Connection,
    step: StepRow,
    values: Values,
    *,
    opening: Opening | None = None,
    attempt: Values | None = None,
) -> None:
    """Write `values` of the step and, where they are given, of its newest try; with `opening`, those too."""
    key = {"run": step.run, "name": step.key.name, "occurrence": step.key.occurrence}
    if opening is None:
        _update_step(connection, step, key, values)
        if attempt:
            _UPDATE_ATTEMPT.execute(connection, _at(key) | {"at_number": step.tries} | attempt)
        return
    if opening.is_new:
        _INSERT_STEP.execute(connection, key | opening.step | values)
    else:
        _update_step(connection, step, key, opening.step | values)
    if opening.attempt is None:
        return
    if not opening.is_new:
        lose_open_attempts(connection, step, opening.attempt["started_at"])
    _INSERT_ATTEMPT.execute(connection, key | opening.attempt | (attempt or {}))


def is_irreversible(connection: Connection, run: str, key: StepKey) -> bool:
    kind = connection.scalar(_KIND, {"at_run": run, "at_name": key.name, "at_occurrence": key.occurrence})
    return bool(kind == "irreversible")


def lose_open_attempts(connection: Connection, step: StepRow, now: float) -> None:
    """A try that was open when the next one begins was struck by a crash."""
    key = {"run": step.run, "name": step.key.name, "occurrence": step.key.occurrence}
    _LOSE_ATTEMPTS.execute(connection, _at(key) | {"ended_at": now})


def _update_step(connection: Connection, step: StepRow, key: Values, values: Values) -> None:
    if _UPDATE_STEP.execute(connection, _at(key) | values).rowcount != 1:
        raise StoreError(f"step {step.key} of run {step.run} was begun, and that is not in the store")


def _at(key: Values) -> Values:
    return {f"at_{name}": value for name, value in key.items()}


def _of(table: sa.Table) -> list[sa.ColumnElement[bool]]:
    return [table.c[name] == sa.bindparam(f"at_{name}") for name in ("run", "name", "occurrence")]


_is_open = step_attempts.c.outcome == "running"

_KIND = sa.select(steps.c.kind).where(*_of(steps))
_INSERT_STEP = Prepared(steps.insert())
_UPDATE_STEP = Prepared(steps.update().where(*_of(steps)))
_INSERT_ATTEMPT = Prepared(step_attempts.insert())
_UPDATE_ATTEMPT = Prepared(
    step_attempts.update().where(*_of(step_attempts), step_attempts.c.number == sa.bindparam("at_number"), _is_open)
)
_LOSE_ATTEMPTS = Prepared(step_attempts.update().where(*_of(step_attempts), _is_open).values(outcome="lost"))
