"""How a step ends where each statement is a way to a server and back: fence, rows and commit are one statement.

It waits for no turn among those who write. Whoever takes the run from its attempt changes the run's row, and that row
is held here: one of the two comes first, and where that was the other, nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sidecar.journal.runs import Segment
from sidecar.journal.step_row import Opening, StepRow
from sidecar.store.prepared import Prepared, Values
from sidecar.store.schema import runs, step_attempts, steps


def end_at_once(
    connection: Connection, segment: Segment, step: StepRow, values: Values, attempt: Values, opening: Opening | None
) -> bool:
    """Write that the step's newest try has ended, and the step with it; with `opening`, that both had begun. False:
    nothing was written, for the attempt owns its run no more, or the step is not there."""
    key = {"run": step.run, "name": step.key.name, "occurrence": step.key.occurrence, "fence": segment.fence}
    statement = _UPDATE
    if opening is not None and opening.attempt is not None:
        statement, values, attempt = _INSERT, opening.step | values, opening.attempt | attempt
    of_attempt = {f"attempt_{name}": value for name, value in attempt.items()}
    return statement.execute(connection, key | {"tries": step.tries} | values | of_attempt).fetchone() is not None


def _given(table: sa.Table, names: Iterable[str], prefix: str = "") -> dict[str, sa.BindParameter[object]]:
    return {name: sa.bindparam(f"{prefix}{name}", type_=table.c[name].type) for name in names}


def _insert(table: sa.Table, given: dict[str, sa.BindParameter[object]]) -> sa.Insert:
    return table.insert().from_select(
        list(given), sa.select(*given.values()).select_from(_owned), include_defaults=False
    )


def _at(table: sa.Table) -> list[sa.ColumnElement[bool]]:
    return [*(table.c[name] == sa.bindparam(name) for name in _KEY), table.c.run == _owned.c.id]


_KEY = ("run", "name", "occurrence")
_BEGAN = ("kind", "seq", "tries", "arguments", "arguments_hash", "started_at")
_ENDED = ("state", "failures", "result", "error", "ended_at")
_ATTEMPT_BEGAN = ("number", "started_at")
_ATTEMPT_ENDED = ("outcome", "error", "ended_at")

_owned = (
    sa.select(runs.c.id)
    .where(runs.c.id == sa.bindparam("run"), runs.c.fence == sa.bindparam("fence"), runs.c.state == "running")
    .with_for_update(read=True)
    .cte("owned")
)
_attempt_ended = _given(step_attempts, _ATTEMPT_ENDED, "attempt_")

_inserted = _insert(steps, _given(steps, (*_KEY, *_BEGAN, *_ENDED))).returning(steps.c.run).cte("step")
_attempt_inserted = _insert(
    step_attempts, _given(steps, _KEY) | _given(step_attempts, _ATTEMPT_BEGAN, "attempt_") | _attempt_ended
)
_INSERT = Prepared(sa.select(_inserted.c.run).add_cte(_attempt_inserted.cte("attempt")))

_updated = steps.update().where(*_at(steps)).values(_given(steps, _ENDED)).returning(steps.c.run).cte("step")
_attempt_updated = (
    step_attempts.update()
    .where(*_at(step_attempts), step_attempts.c.number == sa.bindparam("tries"), step_attempts.c.outcome == "running")
    .values(_attempt_ended)
)
_UPDATE = Prepared(sa.select(_updated.c.run).add_cte(_attempt_updated.cte("attempt")))
