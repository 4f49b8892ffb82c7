"""Rows of revisions that wait for a person."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sidecar.caller import CommandRefused
from sidecar.store.schema import proposals


def put_proposal(connection: Connection, values: dict[str, Any]) -> str:
    """Add it, and return its id; an open one of the same skill is superseded by it. Where the same review has proposed
    the same version already (its command is given again after a crash), that one stays."""
    same = (proposals.c[name] == values[name] for name in ("skill", "review", "version", "state"))
    known: str | None = connection.scalar(sa.select(proposals.c.id).where(*same))
    if known is not None:
        return known
    connection.execute(
        proposals.update()
        .where(proposals.c.skill == values["skill"], proposals.c.state == "open")
        .values(state="superseded", decided_at=values["created_at"], decided_by="tend")
    )
    connection.execute(proposals.insert().values(**values))
    new: str = values["id"]
    return new


def proposed_by(connection: Connection, skill: str, review: str | None) -> str | None:
    """The version that this review's revision of the skill has proposed, and nobody has decided about."""
    if review is None:
        return None
    found: str | None = connection.scalar(
        sa.select(proposals.c.version)
        .where(proposals.c.skill == skill, proposals.c.review == review, proposals.c.state == "open")
        .order_by(proposals.c.created_at.desc())
    )
    return found


def decide(connection: Connection, identity: str, state: str, who: str, reason: str, now: float) -> None:
    """Refused with `decided` where somebody was first."""
    decided = connection.execute(
        proposals.update()
        .where(proposals.c.id == identity, proposals.c.state == "open")
        .values(state=state, decided_at=now, decided_by=who, decision_reason=reason)
    )
    if not decided.rowcount:
        raise CommandRefused("decided", f"proposal {identity} is already decided")
