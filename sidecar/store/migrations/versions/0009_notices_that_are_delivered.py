"""Notices that are delivered: targets, the outbox, and what people were alerted to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("breakers", sa.Column("told", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute("UPDATE breakers SET told = true WHERE opened_at IS NOT NULL")
    op.add_column("notices", sa.Column("kind", sa.Text(), nullable=False, server_default="said"))
    op.create_table(
        "targets",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("digest", sa.Float(precision=53), nullable=False),
        sa.Column("cool_down", sa.Float(precision=53), nullable=False),
        sa.Column("alerts", sa.Boolean(), nullable=False),
    )
    op.create_table(
        "outbox",
        sa.Column("seq", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("id", sa.Text(), nullable=False, unique=True),
        sa.Column("notice", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("sameness", sa.String(64), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("remote", sa.Text(), nullable=True),
        sa.Column("created_at", sa.Float(precision=53), nullable=False),
        sa.Column("due_at", sa.Float(precision=53), nullable=False),
        sa.Column("begun_at", sa.Float(precision=53), nullable=True),
        sa.Column("ended_at", sa.Float(precision=53), nullable=True),
    )
    op.create_index("ix_outbox_notice", "outbox", ["notice"])
    op.create_index("ix_outbox_message", "outbox", ["message"])
    op.create_index("outbox_by_target", "outbox", ["target", "state", "seq"])
    op.create_index("outbox_by_sameness", "outbox", ["sameness", "target"])
    op.create_table(
        "alerts",
        sa.Column("subject", sa.Text(), primary_key=True),
        sa.Column("kind", sa.Text(), primary_key=True),
        sa.Column("since", sa.Float(precision=53), nullable=False),
    )
