"""Runs on their way from the journal to a host that executes them, where there are many.

A run that is handed over is queued, and marked, so that it is handed over once. Whoever takes it raises its fence.
Until then a more urgent run of its skill may take its room: then it is not begun, but ready again.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from pydantic import ValidationError
from sqlalchemy.engine import Connection

from sidecar.checker.manifest import Manifest
from sidecar.journal.room import has_room, ready_with_room
from sidecar.journal.runs import Segment, end_attempt, start_attempt
from sidecar.journal.stops import is_stopped
from sidecar.store.schema import runs, versions

IS_HANDED_OVER = sa.and_(runs.c.state == "queued", runs.c.handed_over)
IS_RUNNING = runs.c.state == "running"


@dataclass(frozen=True)
class Handed:
    id: str
    needs_leader: bool  # the workspace's files, or a command to the sidecar that has them
    priority: int


def hand_over(connection: Connection, limit: int, now: float) -> list[Handed]:
    """Mark up to `limit` ready runs whose skill has room for them. They keep that room from here on."""
    ready = ready_with_room(connection, limit, now)
    ids = [row.id for row in ready]
    connection.execute(runs.update().where(runs.c.id.in_(ids)).values(handed_over=True, admitted=True))
    leaders = _need_leader(connection, {row.version for row in ready})
    return [Handed(row.id, row.version in leaders, row.priority) for row in ready]


def take(connection: Connection, run: str, host: str, now: float) -> Segment | None:
    """Begin an attempt here; None: there is nothing to do any more. A run that is running already was conducted by a
    host that is dead: the queue gives a run to one host at a time."""
    row = connection.execute(
        sa.select(runs.c.state, runs.c.fence, runs.c.attempts, is_stopped.label("stopped")).where(runs.c.id == run)
    ).first()
    if row is None or row.stopped or row.state not in ("queued", "running"):
        return None
    if row.attempts == 0 and not has_room(connection, run):
        connection.execute(runs.update().where(runs.c.id == run).values(handed_over=False, admitted=False))
        return None
    if row.state == "running":
        end_attempt(connection, Segment(run=run, fence=row.fence, attempt=row.attempts), "lost", now)
    return start_attempt(connection, run, now, host)


def is_any(connection: Connection, which: sa.ColumnElement[bool]) -> bool:
    return connection.execute(sa.select(runs.c.id).where(which).limit(1)).first() is not None


def take_back(connection: Connection, which: sa.ColumnElement[bool]) -> None:
    """Runs that were handed over, and got lost on the way: they are handed over again."""
    connection.execute(runs.update().where(which).values(handed_over=False))


def end_lost_attempts(connection: Connection, which: sa.ColumnElement[bool], now: float) -> None:
    """Runs of a dead host that wait to be fetched again. Their attempts are over from here on, and not when that comes
    to be: what they hold, money reserved for their calls, may be what keeps all hosts busy with waiting for it."""
    left = runs.update().where(which).values(state="queued", handed_over=True, ready_at=now)
    for run in connection.execute(left.returning(runs.c.id, runs.c.fence, runs.c.attempts)).all():
        end_attempt(connection, Segment(run=run.id, fence=run.fence, attempt=run.attempts), "lost", now)


def _need_leader(connection: Connection, wanted: set[str]) -> set[str]:
    rows = connection.execute(
        sa.select(versions.c.hash, versions.c.import_from, versions.c.manifest).where(versions.c.hash.in_(wanted))
    )
    return {row.hash for row in rows if row.import_from or _touches_files(row.manifest)}


def _touches_files(manifest: object) -> bool:
    """Of one that can't be read nobody knows; whoever takes the run finds that out."""
    try:
        declared = Manifest.model_validate(manifest)
    except ValidationError:
        return False
    return bool(declared.reads or declared.writes)
