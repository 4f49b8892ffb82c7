"""Who leads may not have taken its files from the store yet: whose files count is kept by itself."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("leadership", sa.Column("files_of", sa.Text(), nullable=True))
    op.execute("UPDATE leadership SET files_of = host")
