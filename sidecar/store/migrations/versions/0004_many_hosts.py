"""Many hosts: runs that are handed over, who conducts them, who leads."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        from procrastinate.schema import SchemaManager  # an extra

        op.get_bind().exec_driver_sql(SchemaManager.get_schema().replace("%", "%%"))
    op.add_column("runs", sa.Column("handed_over", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("attempts", sa.Column("host", sa.Text(), nullable=True))
    op.create_table(
        "hosts",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("workers", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("started_at", sa.Float(precision=53), nullable=False),
        sa.Column("seen_at", sa.Float(precision=53), nullable=False),
    )
    op.create_table(
        "leadership",
        sa.Column("only", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("host", sa.Text(), nullable=True),
        sa.Column("until", sa.Float(precision=53), nullable=False),
    )
