"""priority and deadline of a run; the events of a skill"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("runs", sa.Column("priority", sa.Integer(), server_default="0", nullable=False))
    op.add_column("runs", sa.Column("deadline_at", sa.Float(precision=53), nullable=True))
    op.create_index("runs_by_deadline", "runs", ["ended_at", "deadline_at"], unique=False)
    op.create_index("deliveries_by_skill", "deliveries", ["skill", "seq"], unique=False)
