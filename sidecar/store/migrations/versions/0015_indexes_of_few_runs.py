"""What is ready is found in the order in which it starts; a run that has no parent, session or deadline is in no index
of those."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("runs_by_deadline", "runs_by_parent", "runs_by_session"):
        op.drop_index(name, "runs")
    _create("runs_that_are_ready", "state = 'queued'", "state", "priority DESC", "seq")
    _create("runs_by_deadline", "deadline_at IS NOT NULL AND ended_at IS NULL", "deadline_at")
    _create("runs_by_parent", "parent IS NOT NULL", "parent")
    _create("runs_by_session", "session IS NOT NULL", "session")


def _create(name: str, which: str, *columns: str) -> None:
    some = sa.text(which)
    op.create_index(name, "runs", [sa.text(column) for column in columns], sqlite_where=some, postgresql_where=some)
