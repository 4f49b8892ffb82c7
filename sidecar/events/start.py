"""What an event starts at a skill that listens to it: a run, or nothing and why.

    stopped? paused? over its cap? quarantined?
        └─► still quiet (debounce)? ─► over its rate limit? ─► no room (overlap)? ─► a run

Concurrency, rate limit and debounce hold for each value of the trigger's `key=` by itself.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from pydantic import JsonValue
from sqlalchemy.engine import Connection

from sidecar.budget import capped
from sidecar.budget.capped import OVER_CAP
from sidecar.checker.manifest import Event, Manifest
from sidecar.journal.admission import NewRun, Skipped, create, new_run
from sidecar.journal.stops import stop_of, told
from sidecar.quarantine.count import held_back, let_through
from sidecar.store import Row
from sidecar.store.schema import HAS_KEY, deliveries, events, runs

PUT_OFF_AT_MOST = 10  # times its quiet time, from the first event on
CLOCKS_DIFFER = 1.0  # seconds at most, from host to host


def start(connection: Connection, event: Row, listener: Row, now: float) -> dict[str, Any]:
    """What the delivery's row says: outcome, reason, run."""
    if stop := stop_of(connection, listener.skill):
        return {"outcome": "stopped", "reason": told(stop)}
    if listener.paused:
        return {"outcome": "paused", "reason": "the skill is paused"}
    if wait := capped.capped(connection, listener.skill):
        return {"outcome": OVER_CAP, "reason": capped.told(wait)}
    if held := held_back(connection, listener.skill, now):
        return {"outcome": "quarantined", "reason": held}
    manifest = Manifest.model_validate(listener.manifest)
    trigger = next(each for each in manifest.events if each.name == event.name)
    new = new_run(
        listener.skill,
        listener.active,
        manifest,
        trigger=f"event {event.name}",
        input=event.payload,
        depth=event.depth,
        concurrency_key=_key(event.payload, trigger.key),
        delay=trigger.debounce or 0.0,
    )
    if (quiet := _still_quiet(connection, new, now)) is not None:
        return _take_its_place(connection, quiet, new, event, now)
    if limited := _over_the_limit(connection, trigger, new, now):
        return {"outcome": "limited", "reason": limited}
    try:
        create(connection, new, now)
    except Skipped as no_room:
        return {"outcome": "skipped", "reason": str(no_room)}
    let_through(connection, listener.skill, new.id)
    return {"outcome": "started", "run": new.id}


def _key(payload: JsonValue, field: str | None) -> str:
    """A payload without the field has a key of its own: what is wrong with it is for the skill's type to say."""
    if field is None:
        return ""
    value = payload.get(field) if isinstance(payload, dict) else None
    return f"key {json.dumps(value, sort_keys=True)}"


def _same(new: NewRun) -> tuple[sa.ColumnElement[bool], ...]:
    """Runs that this trigger has started, with the same key."""
    wanted = (new.skill, new.trigger, new.concurrency_key)
    return tuple(
        column == value
        for column, value in zip((runs.c.skill, runs.c.trigger, runs.c.concurrency_key), wanted, strict=True)
    )


def _still_quiet(connection: Connection, new: NewRun, now: float) -> str | None:
    """A run of an earlier event, whose quiet time has not passed."""
    if not new.delay:
        return None
    untouched = (runs.c.state == "queued", ~runs.c.handed_over, runs.c.attempts == 0, runs.c.ready_at > now)
    run: str | None = connection.scalar(sa.select(runs.c.id).where(*_same(new), *untouched))
    return run


def _take_its_place(connection: Connection, run: str, new: NewRun, event: Row, now: float) -> dict[str, Any]:
    """The last event starts the run: it becomes this event's, and its quiet time begins again, within a limit."""
    of_run = sa.select(deliveries.c.seq, events.c.at).join(events, events.c.seq == deliveries.c.event)
    mine = of_run.where(deliveries.c.run == run).limit(1)
    first = connection.execute(mine.order_by(deliveries.c.seq)).one()
    last = connection.execute(mine.order_by(deliveries.c.seq.desc())).one()
    ready_at = min(now + new.delay, first.at + PUT_OFF_AT_MOST * new.delay)
    row = {**new.row(now), "id": run, "ready_at": ready_at}
    connection.execute(runs.update().where(runs.c.id == run).values(**row))
    why = f"event {event.id} came within {timedelta(seconds=new.delay)}, and stands for it"
    connection.execute(deliveries.update().where(deliveries.c.seq == last.seq).values(outcome="merged", reason=why))
    return {"outcome": "started", "run": run}


def _over_the_limit(connection: Connection, trigger: Event, new: NewRun, now: float) -> str | None:
    limit = trigger.rate_limit
    if limit is None:
        return None
    keyed = [sa.text(f"runs.{HAS_KEY}")] if new.concurrency_key else []  # the index, in its words
    first = connection.execute(
        sa.select(runs.c.id, runs.c.created_at)
        .where(*_same(new), *keyed)
        .order_by(runs.c.seq.desc())
        .offset(limit.runs - 1)
        .limit(1)
    ).first()
    if first is None or not now - limit.seconds < first.created_at <= now + CLOCKS_DIFFER:
        return None  # what is further ahead is of a clock that has been put back since
    return (
        f"{limit.runs} within {timedelta(seconds=limit.seconds)} is its rate limit; the first of them is run {first.id}"
    )
