"""Commands about the audit: who decided what, when and why."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from sidecar.caller import Caller
from sidecar.client import views
from sidecar.clock import moment
from sidecar.commands.table import command
from sidecar.store import Store
from sidecar.store.schema import audit

ROWS_AT_MOST = 1_000


class AuditCommands:
    def __init__(self, store: Store) -> None:
        self._store = store

    @command("audit.list")
    def list_newest(
        self,
        caller: Caller,  # noqa: ARG002 # every command is given its caller
        skill: str | None = None,
        who: str | None = None,
        what: str | None = None,
        since: datetime | None = None,
        limit: int = 50,
    ) -> list[views.Decision]:
        query = sa.select(audit).order_by(audit.c.seq.desc()).limit(max(1, min(limit, ROWS_AT_MOST)))
        for column, wanted in ((audit.c.skill, skill), (audit.c.who, who), (audit.c.what, what)):
            if wanted is not None:
                query = query.where(column == wanted)
        if since:
            query = query.where(audit.c.at >= since.timestamp())
        return [
            views.Decision(
                at=moment(row.at), who=row.who, what=row.what, subject=row.subject, why=row.why, skill=row.skill
            )
            for row in self._store.rows(query)
        ]
