"""Runs that wait for an event: each gets an event once, and also one that came before it began to wait.

A run may have any event since it was created; not the one that started it. What it has had is in `deliveries`.
"""

from __future__ import annotations

import sqlalchemy as sa
from pydantic import JsonValue
from sqlalchemy.engine import Connection

from sidecar.batched import batched
from sidecar.journal.runs import resolve_step
from sidecar.store import Row
from sidecar.store.prepared import Prepared
from sidecar.store.schema import deliveries, events, runs, steps
from skills.limits import WaitFor
from skills.wire import StepKey

AT_ONCE = 20  # events that are looked into: each may be as large as an event can be
IS_WAITING = sa.text("steps.state = 'waiting'")  # the index, in its words

_WAITING = Prepared(
    sa.select(steps.c.run, steps.c.name, steps.c.occurrence, steps.c.arguments, runs.c.skill)
    .join(runs, runs.c.id == steps.c.run)
    .where(steps.c.name == sa.bindparam("name"), IS_WAITING)
)


class Wanted(WaitFor):
    def fits(self, payload: JsonValue) -> bool:
        if self.field is None:
            return True
        value = payload.get(self.field) if isinstance(payload, dict) else None
        return type(value) is type(self.equals) and value == self.equals


def take_earlier(connection: Connection, run: str, wanted: Wanted) -> JsonValue:
    """The oldest event that the run wants and has not had; None where there is none."""
    waiting = connection.execute(sa.select(runs.c.skill, runs.c.created_at).where(runs.c.id == run)).one()
    wants = (
        sa.select(events.c.seq)
        .where(events.c.name == wanted.name, events.c.at >= waiting.created_at)
        .where(events.c.seq.not_in(sa.select(deliveries.c.event).where(deliveries.c.run == run)))
        .order_by(events.c.seq)
    )
    if wanted.field is None:
        wants = wants.limit(1)
    elif isinstance(wanted.equals, str):  # numbers the two databases compare differently
        wants = wants.where(events.c.payload[wanted.field].as_string() == wanted.equals)
    for some in batched(connection.scalars(wants).all(), AT_ONCE):
        with_payload = sa.select(events.c.seq, events.c.id, events.c.payload).where(events.c.seq.in_(some))
        for event in connection.execute(with_payload.order_by(events.c.seq)).all():
            if wanted.fits(event.payload):
                return _deliver(connection, event, run, waiting.skill)
    return None


def take_last(connection: Connection, run: str, step: StepKey, wanted: Wanted) -> JsonValue:
    """Its time is up: what an event has brought while the run was woken, else None."""
    here = (steps.c.run == run, steps.c.name == step.name, steps.c.occurrence == step.occurrence)
    answered = connection.execute(sa.select(steps.c.result).where(*here, steps.c.state == "succeeded")).first()
    brought: JsonValue = answered.result if answered else take_earlier(connection, run, wanted)
    return brought


def answer_waiting(connection: Connection, event: Row, now: float) -> None:
    """Give the event to every run that waits for it."""
    for step in _WAITING.rows(connection, {"name": step_name(event.name)}):
        if Wanted.model_validate(step.arguments).fits(event.payload):
            result = _deliver(connection, event, step.run, step.skill)
            resolve_step(connection, step.run, step.name, step.occurrence, now, result=result)


def step_name(event: str) -> str:
    """What `run.wait_for` calls its step."""
    return f"wait_for:{event}"


def _deliver(connection: Connection, event: Row, run: str, skill: str) -> JsonValue:
    connection.execute(deliveries.insert().values(event=event.seq, skill=skill, outcome="answered", run=run))
    return {"event": event.id, "payload": event.payload}
