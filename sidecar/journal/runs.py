"""The life of a run: claimed, suspended, woken, ended. How it is created stands in admission.py.

    queued ──claim──► running ──► succeeded | failed | cancelled
      ▲                 │
      └──wake── waiting ◄┘ suspend

A claim raises the run's fence; whoever writes with a lower one is refused (`Fenced`), so that an attempt which was
given up can't change the run any more.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from pydantic import JsonValue
from sqlalchemy.engine import Connection

from sidecar.journal.room import is_ready, ready_with_room
from sidecar.journal.stops import is_stopped
from sidecar.journal.struck import is_in_doubt, leave_in_doubt
from sidecar.store import Row
from sidecar.store.prepared import Prepared
from sidecar.store.schema import approvals, attempts, runs, steps
from skills.wire import ErrorInfo

LIVE = ("queued", "running", "waiting")
FINAL = ("succeeded", "failed", "cancelled")
HELD_BY_CAPS = ("step", "ask", "model", "notify")  # kinds of steps that wait for nothing but room in their budget
DEATHS_AT_MOST = 3  # workers that a run may lose between two remembered steps


# What every run comes by. A statement that is made anew each time takes longer to make than to execute.
_AT_RUN: sa.BindParameter[Any] = sa.bindparam("at_run")
_NOW: sa.BindParameter[Any] = sa.bindparam("now")
_START = Prepared(
    runs.update()
    .where(runs.c.id == _AT_RUN)
    .values(
        state="running",
        reason=None,
        admitted=True,
        handed_over=False,
        wake_at=None,
        fence=runs.c.fence + 1,
        attempts=runs.c.attempts + 1,
        started_at=sa.func.coalesce(runs.c.started_at, _NOW),
    )
    .returning(runs.c.fence, runs.c.attempts)
)
_INSERT_ATTEMPT = Prepared(attempts.insert())
_OWNER = Prepared(sa.select(runs.c.fence, runs.c.state).where(runs.c.id == _AT_RUN))
RUN = Prepared(sa.select(runs).where(runs.c.id == _AT_RUN))
_END_ATTEMPT = Prepared(
    attempts.update().where(
        attempts.c.run == _AT_RUN, attempts.c.number == sa.bindparam("at_number"), attempts.c.outcome == "running"
    )
)
_WAKE_DUE = Prepared(
    runs.update()
    .where(runs.c.state == "waiting", runs.c.wake_at <= _NOW)
    .values(state="queued", ready_at=_NOW, wake_at=None)
    .returning(runs.c.id)
)
_NEXT_WAKE = Prepared(
    sa.select(
        sa.select(sa.func.min(runs.c.wake_at)).where(runs.c.state == "waiting").scalar_subquery(),
        sa.select(sa.func.min(runs.c.ready_at)).where(is_ready).scalar_subquery(),
    )
)
_RUNNING = Prepared(sa.select(runs.c.id).where(runs.c.state == "running"))
_OVERDUE = Prepared(
    sa.select(runs).where(runs.c.deadline_at <= _NOW, runs.c.ended_at.is_(None)).order_by(runs.c.deadline_at)
)
_END = Prepared(
    runs.update()
    .where(runs.c.id == _AT_RUN, runs.c.state.not_in([sa.literal(state) for state in FINAL]))
    .values(wake_at=None)
    .returning(runs.c.parent, runs.c.parent_step, runs.c.parent_occurrence)
)
_VOID = Prepared(
    approvals.update()
    .where(approvals.c.run == _AT_RUN, approvals.c.state == "open")
    .values(state="void", answer_reason="its run is over")
)


class Fenced(Exception):
    """This attempt no longer owns its run: it was cancelled, timed out, or taken over."""


def new_id() -> str:
    return next(new_ids())


def new_ids(drawn: int = 1) -> Iterator[str]:
    """As many as are wanted. Each draw lets other threads go first: `drawn` at a time, where there are many."""
    while True:
        letters = secrets.token_hex(8 * drawn)
        yield from (letters[place : place + 16] for place in range(0, len(letters), 16))


@dataclass(frozen=True)
class Segment:
    """A part of a run, from start or resume to end or suspend; `fence` proves who owns it."""

    run: str
    fence: int
    attempt: int


def claim(connection: Connection, limit: int, now: float, *, except_for: Collection[str] = ()) -> list[Segment]:
    """Take up to `limit` ready runs whose skill has room for them."""
    ready = ready_with_room(connection, limit, now, except_for=except_for)
    return [start_attempt(connection, row.id, now) for row in ready]


def start_attempt(connection: Connection, run: str, now: float, host: str | None = None) -> Segment:
    """The run is running from here on, and whoever owned it before owns it no more."""
    ((fence, number),) = _START.execute(connection, {"at_run": run, "now": now}).fetchall()
    row = {"run": run, "number": number, "outcome": "running", "started_at": now, "host": host}
    _INSERT_ATTEMPT.execute(connection, row)
    return Segment(run=run, fence=fence, attempt=number)


def check_fence(connection: Connection, segment: Segment) -> None:
    owner = _OWNER.execute(connection, {"at_run": segment.run}).fetchone()
    if owner != (segment.fence, "running"):
        raise _fenced(segment, owner[1] if owner else "forgotten")


def owned_run(connection: Connection, segment: Segment) -> Row:
    """The run's row. Raises Fenced."""
    run = RUN.row(connection, {"at_run": segment.run})
    if run is None or (run.fence, run.state) != (segment.fence, "running"):
        raise _fenced(segment, run.state if run else "forgotten")
    return run


def _fenced(segment: Segment, state: str) -> Fenced:
    return Fenced(f"attempt {segment.attempt} of run {segment.run} no longer owns it: it is {state}")


def end_attempt(connection: Connection, segment: Segment, outcome: str, now: float) -> None:
    at = {"at_run": segment.run, "at_number": segment.attempt}
    _END_ATTEMPT.execute(connection, at | {"outcome": outcome, "ended_at": now})


def requeue(connection: Connection, segment: Segment, *, ready_at: float, died: bool = False) -> None:
    """Give the run back, to be claimed from `ready_at` on."""
    check_fence(connection, segment)
    connection.execute(
        runs.update()
        .where(runs.c.id == segment.run)
        .values(state="queued", ready_at=ready_at, deaths=runs.c.deaths + int(died))
    )


def suspend(connection: Connection, segment: Segment, now: float) -> None:
    """The attempt has unwound. The run waits, unless what it waits for has come in the meantime."""
    check_fence(connection, segment)
    end_attempt(connection, segment, "suspended", now)
    waiting = connection.execute(
        sa.select(steps.c.kind, steps.c.state, steps.c.wake_at).where(
            steps.c.run == segment.run, steps.c.state.in_(("waiting", "retrying"))
        )
    ).all()
    change: dict[str, Any] = {"state": "queued", "ready_at": now}
    if waiting:
        wakes = [row.wake_at for row in waiting if row.wake_at is not None]
        change = {"state": "waiting", "reason": _reason(waiting[0]), "wake_at": min(wakes) if wakes else None}
    connection.execute(runs.update().where(runs.c.id == segment.run).values(**change))


def _reason(step: Row) -> str:
    if step.state == "retrying":
        return "retry"
    kind: str = step.kind
    if kind in HELD_BY_CAPS:
        return "budget"
    return "unknown" if kind == "irreversible" else kind


def may_have_happened(connection: Connection, run: str) -> bool:
    """Whether an irreversible step of the run was begun and has no outcome."""
    return connection.execute(sa.select(steps.c.run).where(is_in_doubt(run))).first() is not None


def wake(connection: Connection, run: str, now: float) -> None:
    """What the run waits for has come. (A run that is still unwinding sees it when it suspends.)"""
    connection.execute(
        runs.update().where(runs.c.id == run, runs.c.state == "waiting").values(state="queued", ready_at=now)
    )


def wake_due(connection: Connection, now: float) -> list[str]:
    """Wake every run whose time has come."""
    return [row.id for row in _WAKE_DUE.rows(connection, {"now": now})]


def next_wake(connection: Connection) -> float | None:
    """When the dispatcher has to look again: the earliest sleep or retry that is not due yet."""
    (times,) = _NEXT_WAKE.rows(connection)
    return min((time for time in times if time is not None), default=None)


def end(
    connection: Connection,
    run: str,
    state: str,
    now: float,
    *,
    output: JsonValue = None,
    error: ErrorInfo | None = None,
    reason: str | None = None,
    nothing_to_report: str | None = None,
    misfire: str | None = None,
) -> None:
    """Give the run its one outcome, and tell the parent's step; what it has asked is void. An outcome that is there
    already stays."""
    outcome = {
        "state": state,
        "ended_at": now,
        "output": output,
        "error": error.model_dump() if error else None,
        "reason": reason,
        "nothing_to_report": nothing_to_report,
        "misfire": misfire,
    }
    row = _END.row(connection, {"at_run": run, **outcome})
    if row is None:
        return
    _VOID.execute(connection, {"at_run": run, "answered_at": now})
    if row.parent_step is None:
        return
    failure = error or (ErrorInfo(type="Cancelled", message=reason or "cancelled") if state != "succeeded" else None)
    resolve_step(connection, row.parent, row.parent_step, row.parent_occurrence, now, result=output, error=failure)


def resolve_step(
    connection: Connection,
    run: str,
    name: str,
    occurrence: int,
    now: float,
    *,
    result: JsonValue = None,
    error: ErrorInfo | None = None,
) -> None:
    """A waiting step has its answer: remember it, and wake the run."""
    connection.execute(
        steps.update()
        .where(steps.c.run == run, steps.c.name == name, steps.c.occurrence == occurrence, steps.c.state == "waiting")
        .values(
            state="failed" if error else "succeeded",
            result=result,
            error=error.model_dump() if error else None,
            ended_at=now,
        )
    )
    wake(connection, run, now)


def cancel(connection: Connection, run: str, reason: str, now: float) -> list[str]:
    """Cancel the run and everything it started; return the ids of those that were not over."""
    state = connection.scalar(sa.select(runs.c.state).where(runs.c.id == run))
    if state in FINAL:
        return []
    end(connection, run, "cancelled", now, reason=reason)
    error = ErrorInfo(type="Cancelled", message=reason)
    return [run, *close(connection, run, error, now, why="was cancelled")]


def close(
    connection: Connection, run: str, error: ErrorInfo, now: float, *, why: str, outcome: str = "cancelled"
) -> list[str]:
    """A run has ended before its time: end what is open of it, and cancel the runs that it waits for. Returns those."""
    connection.execute(
        attempts.update()
        .where(attempts.c.run == run, attempts.c.outcome == "running")
        .values(outcome=outcome, ended_at=now)
    )
    leave_in_doubt(connection, run, why, now)
    connection.execute(
        steps.update()
        .where(steps.c.run == run, steps.c.state.not_in(("succeeded", "failed")))
        .values(state="failed", error=error.model_dump(), ended_at=now)
    )
    children = connection.scalars(
        sa.select(runs.c.id).where(runs.c.parent == run, runs.c.parent_step.is_not(None), runs.c.state.in_(LIVE))
    ).all()
    return [each for child in children for each in cancel(connection, child, f"its parent {run} {why}", now)]


def overdue(connection: Connection, now: float) -> list[Row]:
    """Runs whose deadline has passed."""
    return _OVERDUE.rows(connection, {"now": now})


def running(connection: Connection) -> list[str]:
    return [row.id for row in _RUNNING.rows(connection)]


def ended_among(connection: Connection, live: Collection[str]) -> list[str]:
    """Which of these runs somebody else has ended, or stopped: their processes have to go."""
    if not live:
        return []
    is_over = runs.c.state.in_(("cancelled", "failed"))
    return list(connection.scalars(sa.select(runs.c.id).where(runs.c.id.in_(live), sa.or_(is_over, is_stopped))))


def give_up_orphans(connection: Connection, now: float) -> int:
    """A new sidecar calls this once, when every worker of the last one is proven dead: runs that were running go on
    from their journal."""
    orphans = connection.scalars(
        runs.update().where(runs.c.state == "running").values(state="queued", ready_at=now).returning(runs.c.id)
    ).all()
    connection.execute(attempts.update().where(attempts.c.outcome == "running").values(outcome="stopped", ended_at=now))
    return len(orphans)
