"""The one place where an attempt's outcome becomes the run's.

the worker's word       succeeded          → succeeded (state published, expectations held against it)
                        its output is too large → failed (`LimitReached`)
                        raised             → failed (and `on_failure` started)
                        suspended          → waiting, or queued if what it waits for has come
                        its deadline passes, or its wait for room under a cap
                                           → failed, also while it waits or is queued
no word                 killed by a limit  → as the step's failure says; without a step, failed
                        died               → queued again; failed once it has died too often
                        the sidecar stops  → queued again
"""

from __future__ import annotations

import sqlalchemy as sa
from pydantic import JsonValue
from sqlalchemy.engine import Connection

from sidecar.checker.manifest import Manifest
from sidecar.events.emit import tell_end
from sidecar.expectations import broken_expectation
from sidecar.failpoints import failpoint
from sidecar.isolation.lock_in import NOT_LOCKED_IN
from sidecar.journal import runs as journal
from sidecar.journal.admission import NewRun, create
from sidecar.journal.runs import DEATHS_AT_MOST, FINAL, Segment
from sidecar.journal.steps import LimitReached, bounded
from sidecar.quarantine.count import count_end
from sidecar.state import StateConflict, publish
from sidecar.store import Row
from sidecar.store.schema import runs
from skills.wire import ErrorInfo, Raised, Succeeded, Suspended


def conclude(
    connection: Connection, segment: Segment, result: Succeeded | Raised | Suspended, manifest: Manifest, now: float
) -> None:
    """Write the worker's own word on how its attempt ended."""
    run = journal.owned_run(connection, segment)
    if isinstance(result, Suspended):
        journal.suspend(connection, segment, now)
    elif isinstance(result, Raised):
        fail(connection, run, result.error, manifest, now)
    elif too_large := _too_large(result.output):
        fail(connection, run, too_large, manifest, now)
    else:
        succeed(connection, run, result, manifest, now)
    failpoint("outcome.conclude.before")


def _too_large(output: JsonValue) -> ErrorInfo | None:
    """It is a result of the step that waits for it, too, and the payload of an event."""
    try:
        bounded("the run's output takes", output)
    except LimitReached as error:
        return ErrorInfo(type="LimitReached", message=str(error))
    return None


def succeed(connection: Connection, run: Row, result: Succeeded, manifest: Manifest, now: float) -> None:
    broken = None
    if not run.rehearsal:
        try:
            publish(connection, run.skill, run.id, now)
        except StateConflict as error:
            conflict = ErrorInfo(type="StateConflict", message=str(error))
            fail(connection, run, conflict, manifest, now)
            return
        broken = broken_expectation(connection, run, result, manifest.expect, now)
    journal.end_attempt(connection, _segment(run), "succeeded", now)
    count_end(connection, run, now)
    journal.end(
        connection,
        run.id,
        "succeeded",
        now,
        output=result.output,
        nothing_to_report=result.nothing_to_report,
        misfire=broken,
    )
    tell_end(connection, run, "succeeded", result.output, now)


def fail(
    connection: Connection,
    run: Row,
    error: ErrorInfo,
    manifest: Manifest,
    now: float,
    *,
    outcome: str = "failed",
) -> None:
    """The run has failed for good; its skill's `on_failure` gets a run of its own, with the input intact."""
    journal.end_attempt(connection, _segment(run), outcome, now)
    journal.end(connection, run.id, "failed", now, error=error)
    count_end(connection, run, now, error)
    told = {"message": error.message, "type": error.type, "step": error.step, "run_id": run.id, "skill": run.skill}
    tell_end(connection, run, "failed", told, now)
    if manifest.has_on_failure and run.trigger != "on_failure" and not run.rehearsal:
        handler = NewRun(
            id=journal.new_id(),
            skill=run.skill,
            version=run.version,
            trigger="on_failure",
            input=run.input,
            parent=run.id,
            depth=run.depth,
            priority=run.priority,
            concurrency_key=f"on_failure {run.id}",
        )
        create(connection, handler, now)


def fail_owned(
    connection: Connection, segment: Segment, error: ErrorInfo, manifest: Manifest, now: float, *, outcome: str
) -> None:
    """As `fail`, for what the sidecar found out itself: only if the attempt still owns its run."""
    fail(connection, journal.owned_run(connection, segment), error, manifest, now, outcome=outcome)


def miss_deadline(connection: Connection, run: str, manifest: Manifest, now: float) -> None:
    """Its deadline has passed, whatever it is at."""
    row = connection.execute(sa.select(runs.c.deadline_at, runs.c.created_at).where(runs.c.id == run)).one()
    message = f"it was not over {row.deadline_at - row.created_at:g} s after it was made: the skill's deadline"
    error = ErrorInfo(type="DeadlineExceeded", message=message)
    fail_at_once(connection, run, error, manifest, now, why="missed its deadline")


def fail_at_once(
    connection: Connection, run: str, error: ErrorInfo, manifest: Manifest, now: float, *, why: str
) -> None:
    """The run fails, whatever it is at. (Its process, if it has one, is ended by the dispatcher.)"""
    # Locked before its steps are, in the order in which a step's end locks them (journal/at_once.py).
    row = connection.execute(sa.select(runs).where(runs.c.id == run).with_for_update()).one()
    if row.state in FINAL:
        return
    journal.close(connection, run, error, now, why=why, outcome="timed out")
    fail(connection, row, error, manifest, now)


def die(connection: Connection, segment: Segment, status: int, manifest: Manifest, now: float) -> bool:
    """The worker ended without a word. True: the run is queued again."""
    run = journal.owned_run(connection, segment)
    if run.deaths + 1 >= DEATHS_AT_MOST and not journal.may_have_happened(connection, run.id):
        fail(connection, run, _death(status), manifest, now, outcome="lost")
        return False
    give_back(connection, segment, now, ready_at=now + 0.2 * 4**run.deaths, outcome="lost", died=True)
    return True


def _death(status: int) -> ErrorInfo:
    if status == NOT_LOCKED_IN:
        message = (
            f"the kernel refused {DEATHS_AT_MOST} times what locks its worker in; nothing of the skill was executed "
            "since. What this machine reaches: tend doctor. The sidecar's log has what was refused"
        )
        return ErrorInfo(type="NotLockedIn", message=message)
    how = f"killed by signal {-status}" if status < 0 else f"exited with status {status}"
    message = f"its worker ended {DEATHS_AT_MOST} times without finishing a step; the last was {how}"
    return ErrorInfo(type="WorkerDied", message=message)


def give_back(
    connection: Connection,
    segment: Segment,
    now: float,
    *,
    ready_at: float | None = None,
    outcome: str = "lost",
    died: bool = False,
) -> None:
    """The attempt is over and the run is not: queue it again."""
    journal.requeue(connection, segment, ready_at=now if ready_at is None else ready_at, died=died)
    journal.end_attempt(connection, segment, outcome, now)


def _segment(run: Row) -> Segment:
    """The newest one."""
    return Segment(run=run.id, fence=run.fence, attempt=run.attempts)
