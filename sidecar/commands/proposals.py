"""Rows of revisions that wait for a person."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sidecar.client import views
from sidecar.clock import moment
from sidecar.commands.show import entry_text
from sidecar.commands.unified import unified
from sidecar.store import Row
from sidecar.store.schema import proposals, versions


def put_proposal(connection: Connection, values: dict[str, Any]) -> None:
    """Add it; an open one of the same skill is superseded by it."""
    connection.execute(
        proposals.update()
        .where(proposals.c.skill == values["skill"], proposals.c.state == "open")
        .values(state="superseded", decided_at=values["created_at"], decided_by="tend")
    )
    connection.execute(proposals.insert().values(**values))


def decide(connection: Connection, identity: str, state: str, who: str, reason: str, now: float) -> None:
    connection.execute(
        proposals.update()
        .where(proposals.c.id == identity)
        .values(state=state, decided_at=now, decided_by=who, decision_reason=reason)
    )


def proposal_view(connection: Connection, row: Row) -> views.Proposal:
    known = {item.hash for item in connection.execute(sa.select(versions.c.hash).where(versions.c.skill == row.skill))}
    diff = ""
    if {row.base, row.version} <= known:
        diff = unified(row.skill, entry_text(connection, row.base), entry_text(connection, row.version))
    return views.Proposal(
        id=row.id,
        skill=row.skill,
        state=row.state,
        finding=views.Finding.model_validate(row.finding),
        base=row.base,
        version=row.version,
        reason=row.reason,
        diff=diff,
        created_at=moment(row.created_at),
        decided_at=moment(row.decided_at) if row.decided_at else None,
        decided_by=row.decided_by,
    )
