"""Alerts: one notice when something goes wrong, and one when it is well again."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sidecar.notices.tell import Notice, tell
from sidecar.store.schema import alerts
from sidecar.store.values import insert

RECOVERED = "recovered"


def raise_alert(
    connection: Connection, subject: str, notice: Notice, now: float, *, but_not: str | None = None
) -> bool:
    """Tell it, unless that was done already and it is not well again since."""
    row = insert(connection, alerts).values(subject=subject, kind=notice.kind, since=now)
    is_new = connection.execute(row.on_conflict_do_nothing().returning(alerts.c.subject)).first() is not None
    if is_new:
        tell(connection, notice, now, but_not=but_not)
    return is_new


def clear_alert(connection: Connection, subject: str, kind: str, notice: Notice | None, now: float) -> bool:
    """It is well again: tell that, if people were told that it was not. None: it matters no more."""
    was_raised = connection.execute(alerts.delete().where(*_of(subject, kind))).rowcount > 0
    if was_raised and notice is not None:
        tell(connection, notice, now)
    return was_raised


def raised(connection: Connection, kind: str) -> set[str]:
    """Whom people were told of."""
    return set(connection.scalars(sa.select(alerts.c.subject).where(alerts.c.kind == kind)))


def _of(subject: str, kind: str) -> tuple[sa.ColumnElement[bool], ...]:
    return alerts.c.subject == subject, alerts.c.kind == kind
