"""Skills whose day is used up: a run of theirs waits for room under that cap, and another would wait beside it. Their
triggers start no runs meanwhile."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sidecar.store import Row
from sidecar.store.prepared import Prepared
from sidecar.store.schema import budget_waits, runs

OVER_CAP = "over cap"  # what becomes of a slot, and of an event

_WAITS = (
    sa.select(budget_waits)
    .join(runs, runs.c.id == budget_waits.c.run)
    .where(budget_waits.c.scope == "skill", runs.c.state == "waiting")
    .order_by(budget_waits.c.since)
)
_OF_ALL = Prepared(_WAITS)
_OF_ONE = Prepared(_WAITS.where(budget_waits.c.skill == sa.bindparam("skill")))


def all_capped(connection: Connection) -> dict[str, Row]:
    """By skill, the wait of a run of it."""
    return {row.skill: row for row in _OF_ALL.rows(connection)}


def capped(connection: Connection, skill: str) -> Row | None:
    return _OF_ONE.row(connection, {"skill": skill})


def told(wait: Row) -> str:
    """A sentence without its full stop."""
    return f"{wait.told}; run {wait.run} waits for that"
