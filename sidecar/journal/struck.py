"""Irreversible steps that were under way when their run ended before its time: they may have happened, or not.

Their run is over, so that nobody is asked; but a person is told, and the step says so for as long as the run is kept.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sidecar.notices.tell import alert, tell
from sidecar.store.schema import runs, steps
from skills.wire import ErrorInfo, StepKey

IN_DOUBT = "MayHaveHappened"
IN_DOUBT_ALERT = "in doubt"


def is_in_doubt(run: str) -> sa.ColumnElement[bool]:
    """A step of this run whose body was begun, and which has no outcome."""
    return sa.and_(steps.c.run == run, steps.c.kind == "irreversible", steps.c.state.not_in(("succeeded", "failed")))


def leave_in_doubt(connection: Connection, run: str, why: str, now: float) -> None:
    """`why` as in "was cancelled"."""
    skill = connection.scalar(sa.select(runs.c.skill).where(runs.c.id == run))
    for step in connection.execute(sa.select(steps.c.name, steps.c.occurrence).where(is_in_doubt(run))).all():
        key = StepKey(name=step.name, occurrence=step.occurrence)
        said = f"{key} was under way when its run {why}: it may have happened, or not. Nobody has undone it"
        error = ErrorInfo(type=IN_DOUBT, message=said)
        connection.execute(
            steps.update()
            .where(steps.c.run == run, steps.c.name == step.name, steps.c.occurrence == step.occurrence)
            .values(state="failed", error=error.model_dump(), ended_at=now)
        )
        text = f"{skill}: {said}. What it was to do: tend runs show {run}"
        tell(connection, alert(IN_DOUBT_ALERT, skill=skill or "", text=text, run=run), now)
