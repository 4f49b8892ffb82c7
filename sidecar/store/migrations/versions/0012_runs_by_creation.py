"""runs by the time at which they were made"""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("runs_by_creation", "runs", ["created_at"], unique=False)
