"""A run that begins with the steps of another one."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sidecar.store import Row
from sidecar.store.schema import steps
from skills.wire import StepKey


def names_of_steps(connection: Connection, run: str) -> list[str]:
    """As they are shown: "fetch", "fetch#2"; in the order in which the run came to them."""
    rows = connection.execute(sa.select(steps.c.name, steps.c.occurrence).where(steps.c.run == run).order_by("seq"))
    return [str(StepKey(name=row.name, occurrence=row.occurrence)) for row in rows]


def copy_steps(connection: Connection, old: str, new: str, before: str) -> None:
    """Give the run `new` what `old` remembered before it came to the step `before`; only what had an end of its own.

    A yes to an irreversible step goes with that step: where the step has to be done again, a person is asked again.
    """
    rows = connection.execute(sa.select(steps).where(steps.c.run == old).order_by(steps.c.seq)).all()
    until = names_of_steps(connection, old).index(before)
    ended = [row for row in rows[:until] if row.state in ("succeeded", "failed") and not _was_cancelled(row)]
    keys = {(row.name, row.occurrence) for row in ended}
    kept = [row for row in ended if row.kind != "approve" or _is_used(row, keys)]
    for place, row in enumerate(kept):
        connection.execute(steps.insert().values(**{**row._asdict(), "run": new, "seq": place}))


def _was_cancelled(row: Row) -> bool:
    return row.error is not None and row.error["type"] == "Cancelled"


def _is_used(approval: Row, keys: set[tuple[str, int]]) -> bool:
    """Whether it was for no step, or the step that it was for is copied too."""
    _, colon, step = approval.name.partition(":")
    return not colon or (step, approval.occurrence) in keys
