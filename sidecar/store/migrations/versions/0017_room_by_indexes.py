"""Whether there is room for a run, how many of its key came before it, and whether a notice has been told lately, is
found in an index."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_PASSED_OVER_BY = ("ready_at", "handed_over", "admitted", "skill", "concurrency_key", "concurrency")


def upgrade() -> None:
    op.drop_index("runs_that_are_ready", "runs")
    _create("runs_that_are_ready", "state = 'queued'", "state", "priority DESC", "seq", *_PASSED_OVER_BY)
    _create("runs_that_hold_room", "admitted AND ended_at IS NULL", "skill", "concurrency_key")
    _create("runs_by_key", "concurrency_key <> ''", "skill", "concurrency_key", "seq")
    op.drop_index("outbox_by_sameness", "outbox")
    op.create_index("outbox_by_sameness", "outbox", ["sameness", "target", "created_at"])


def _create(name: str, which: str, *columns: str) -> None:
    some = sa.text(which)
    op.create_index(name, "runs", [sa.text(column) for column in columns], sqlite_where=some, postgresql_where=some)
