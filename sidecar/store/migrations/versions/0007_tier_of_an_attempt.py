"""tier of an attempt"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sidecar.store.values import Text

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("attempts", sa.Column("tier", Text))
