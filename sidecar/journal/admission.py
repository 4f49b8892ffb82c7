"""A run comes in: what a trigger asks for, and whether its skill has room for one more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import sqlalchemy as sa
from pydantic import JsonValue
from sqlalchemy.engine import Connection

from sidecar.checker.manifest import PRIORITY_AT_MOST, Manifest
from sidecar.journal.runs import LIVE, cancel, new_id
from sidecar.store.prepared import Prepared
from sidecar.store.schema import runs

PERSONS = 100  # priority of what a person waits for: above all that a skill can declare


class Skipped(Exception):
    """The skill has no room for the run, and declares overlap="skip". The message names who holds it."""


class NewRun(NamedTuple):
    """What a trigger asks for."""

    id: str
    skill: str
    version: str
    trigger: str
    input: JsonValue = None
    rehearsal: bool = False
    parent: str | None = None
    parent_step: str | None = None
    parent_occurrence: int | None = None
    session: str | None = None
    depth: int = 0
    concurrency_key: str = ""
    concurrency: int = 1
    overlap: Literal["queue", "skip", "cancel_older"] = "queue"
    priority: int = 0
    deadline: float | None = None  # seconds from now
    delay: float = 0.0  # seconds until it may start

    def row(self, now: float) -> dict[str, Any]:
        """As it is stored when it is created now."""
        row = self._asdict() | {"ready_at": now + self.delay, "created_at": now}
        row["deadline_at"] = None if self.deadline is None else now + self.deadline
        del row["overlap"], row["deadline"], row["delay"]
        return row


def new_run(
    skill: str,
    version: str,
    manifest: Manifest,
    *,
    id: str | None = None,  # noqa: A002 # as the run has it
    priority: int = -PRIORITY_AT_MOST,
    **more: Any,
) -> NewRun:
    """A run as the skill declares it; with `priority` at least, where somebody waits for it."""
    return NewRun(
        id=id or new_id(),
        skill=skill,
        version=version,
        concurrency=manifest.concurrency,
        overlap=manifest.overlap,
        priority=max(priority, manifest.priority),
        deadline=manifest.deadline,
        **more,
    )


def create(connection: Connection, new: NewRun, now: float) -> str:
    """Create the run, queued; return its id. Raises `Skipped`.

    The processes of runs that are cancelled for its sake are ended by the dispatcher, which looks for them.
    """
    if new.overlap != "queue" and not new.rehearsal:
        _make_room(connection, new, now)
    create_all(connection, [new], now)
    return new.id


def create_all(connection: Connection, some: Sequence[NewRun], now: float) -> None:
    """The same for many at once, whose overlap is "queue": they wait for their room."""
    if some:
        _NEW.execute_many(connection, [{"state": "queued", **new.row(now)} for new in some])


_NEW = Prepared(runs.insert())


def _make_room(connection: Connection, new: NewRun, now: float) -> None:
    older = connection.scalars(
        sa.select(runs.c.id)
        .where(runs.c.skill == new.skill, runs.c.concurrency_key == new.concurrency_key)
        .where(runs.c.state.in_(LIVE), ~runs.c.rehearsal)
        .order_by(runs.c.seq)
    ).all()
    too_many = len(older) + 1 - new.concurrency
    if too_many > 0 and new.overlap == "skip":
        raise Skipped(f"run {older[0]} is not over: concurrency={new.concurrency}, overlap='skip'")
    for run in older[: max(0, too_many)]:
        cancel(connection, run, f"run {new.id} took its place: overlap='cancel_older'", now)
