"""A run that begins with the steps of another one."""

from __future__ import annotations

import re

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sidecar.journal.runs import RUN
from sidecar.journal.struck import IN_DOUBT
from sidecar.store import Row, Store
from sidecar.store.schema import runs, steps
from skills.wire import StepKey


def names_of_steps(connection: Connection, run: str) -> list[str]:
    """As they are shown: "fetch", "fetch#2"; in the order in which the run came to them."""
    rows = connection.execute(sa.select(steps.c.name, steps.c.occurrence).where(steps.c.run == run).order_by("seq"))
    return [str(StepKey(name=row.name, occurrence=row.occurrence)) for row in rows]


def trigger_of_rerun(run: str, from_step: str | None) -> str:
    return f"rerun of {run}{f' from {from_step}' if from_step else ''}"


def origin(store: Store, run: Row) -> Row:
    """The run whose first steps this one has; itself, where it began with none. It is there for as long as this one."""
    began_with = _began_with(run.trigger)
    older = store.row(RUN, {"at_run": began_with}) if began_with else None
    return origin(store, older) if older else run


def copied_from(connection: Connection) -> set[str]:
    """The runs that another one has begun with the steps of."""
    triggers = connection.scalars(sa.select(runs.c.trigger).where(runs.c.trigger.like("rerun of % from %")))
    return {run for trigger in triggers if (run := _began_with(trigger))}


def _began_with(trigger: str) -> str | None:
    """The inverse of `trigger_of_rerun`, where there is a step."""
    found = re.match(r"rerun of (\w+) from ", trigger)
    return found[1] if found else None


def copy_steps(connection: Connection, old: str, new: str, before: str) -> None:
    """Give the run `new` what `old` remembered before it came to the step `before`; only what had an end of its own.

    A yes to an irreversible step goes with that step: where the step has to be done again, a person is asked again.
    """
    rows = connection.execute(sa.select(steps).where(steps.c.run == old).order_by(steps.c.seq)).all()
    until = names_of_steps(connection, old).index(before)
    over_at = connection.scalar(sa.select(runs.c.ended_at).where(runs.c.id == old))
    ended = [row for row in rows[:until] if row.state in ("succeeded", "failed") and not _ended_with(row, over_at)]
    keys = {(row.name, row.occurrence) for row in ended}
    kept = [row for row in ended if row.kind != "approve" or _is_used(row, keys)]
    for place, row in enumerate(kept):
        connection.execute(steps.insert().values(**{**row._asdict(), "run": new, "seq": place}))


def _ended_with(row: Row, over_at: float | None) -> bool:
    """Whether the step has failed only since its run was over: cancelled, too late, out of its budget. What may have
    happened stays so."""
    return bool(row.state == "failed" and row.ended_at == over_at and row.error["type"] != IN_DOUBT)


def _is_used(approval: Row, keys: set[tuple[str, int]]) -> bool:
    """Whether it was for no step, or the step that it was for is copied too."""
    _, colon, step = approval.name.partition(":")
    return not colon or (step, approval.occurrence) in keys
