"""Waits that a person answers: yes or no; in words, where the agent asks; done or not done, where Tend died while an
irreversible step was under way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from pydantic import JsonValue
from sqlalchemy.engine import Connection

from sidecar.caller import CommandRefused
from sidecar.journal.runs import resolve_step
from sidecar.registry import record_audit
from sidecar.store import Row
from sidecar.store.schema import approvals, runs
from skills.wire import NOT_DONE, ErrorInfo, StepKey

DONE, NOT_YET = "done", "not-done"  # the answers to an approval of the kind "unknown"


@dataclass(frozen=True)
class NewApproval:
    kind: str
    run: str
    skill: str
    question: str
    choices: tuple[str, ...] = ()
    expires_at: float | None = None
    call: Mapping[str, JsonValue] | None = None  # the irreversible step that it is about


def ask(connection: Connection, identity: str, new: NewApproval, step: StepKey, now: float) -> None:
    connection.execute(
        approvals.insert().values(
            id=identity,
            state="open",
            step=step.name,
            occurrence=step.occurrence,
            asked_at=now,
            **{**vars(new), "choices": list(new.choices)},
        )
    )


def answer(connection: Connection, identity: str, text: str, reason: str, who: str, now: float) -> Row:
    """Take a person's answer, and wake the run. Raises CommandRefused where the approval is no longer open, or the
    answer is not one that it can have."""
    row = connection.execute(sa.select(approvals).where(approvals.c.id == identity)).one()
    if row.state == "open" and row.expires_at is not None and row.expires_at <= now:
        raise CommandRefused("expired", f"it expired before your answer; the answer on expiry was no: {row.question}")
    over = connection.scalar(sa.select(runs.c.state).where(runs.c.id == row.run)) in (
        "succeeded",
        "failed",
        "cancelled",
    )
    if row.state != "open" or over:
        was = row.state if row.state != "open" else "void: its run is over"
        by = f" by {row.answered_by}" if row.answered_by else ""
        raise CommandRefused("answered", f"it is already {was}{by}: {row.question}")
    state, result, error = _read(row, text, reason, who)
    connection.execute(
        approvals.update()
        .where(approvals.c.id == identity)
        .values(state=state, answer=text if state == "answered" else reason or text, answered_by=who, answered_at=now)
    )
    resolve_step(connection, row.run, row.step, row.occurrence, now, result=result, error=error)
    record_audit(connection, now, who, state, f"approval {identity}", reason or text)
    return connection.execute(sa.select(approvals).where(approvals.c.id == identity)).one()


def expire(connection: Connection, run: str, step: StepKey, now: float) -> JsonValue:
    """Nobody answered in time: the answer is no."""
    connection.execute(
        approvals.update()
        .where(
            approvals.c.run == run,
            approvals.c.step == step.name,
            approvals.c.occurrence == step.occurrence,
            approvals.c.state == "open",
        )
        .values(state="expired", answered_at=now)
    )
    return {"approved": False, "by": None, "reason": "nobody answered in time"}


def _read(row: Row, text: str, reason: str, who: str) -> tuple[str, JsonValue, ErrorInfo | None]:
    """The approval's state, and how its step ends: with a result or an error."""
    if row.kind == "question":
        return "answered", {"answer": text, "by": who}, None
    if row.kind == "unknown":
        return _resolve(text, reason, who)
    if text not in ("yes", "no"):
        raise CommandRefused("usage", f"an approval is answered with yes or no, not {text!r}")
    state = "approved" if text == "yes" else "denied"
    return state, {"approved": text == "yes", "by": who, "reason": reason or None}, None


def _resolve(text: str, reason: str, who: str) -> tuple[str, JsonValue, ErrorInfo | None]:
    """What the step had returned is lost either way."""
    if text not in (DONE, NOT_YET):
        raise CommandRefused("usage", f"say whether it was done: {DONE} or {NOT_YET}, not {text!r}")
    if text == DONE:
        return "answered", None, None
    said = f"Tend died while it ran, and {who} said that it was not done{': ' * bool(reason)}{reason}"
    return "answered", None, ErrorInfo(type=NOT_DONE, message=said)
