"""runs by skill and state"""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("runs_by_skill_and_state", "runs", ["skill", "state", "seq"], unique=False)
