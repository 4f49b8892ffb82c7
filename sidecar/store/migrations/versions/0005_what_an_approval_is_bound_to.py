"""What an approval is bound to, who may be asked without a run, and standing approvals."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("approvals") as approvals:
        for name, type_ in (("run", sa.Text()), ("step", sa.Text()), ("occurrence", sa.Integer())):
            approvals.alter_column(name, existing_type=type_, nullable=True)
        approvals.add_column(sa.Column("hash", sa.String(64), nullable=False, server_default=""))
        approvals.add_column(sa.Column("on_expiry", sa.Text(), nullable=False, server_default="no"))
        for name in ("target", "reason", "answer_reason", "answered_via", "grant_used"):
            approvals.add_column(sa.Column(name, sa.Text(), nullable=True))
    op.create_index(op.f("ix_approvals_grant_used"), "approvals", ["grant_used"], unique=False)
    op.create_index("approvals_by_state", "approvals", ["state", "expires_at"], unique=False)
    op.create_table(
        "approval_grants",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("skill", sa.Text(), nullable=False),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("arguments", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("granted_by", sa.Text(), nullable=False),
        sa.Column("granted_at", sa.Float(precision=53), nullable=False),
        sa.Column("expires_at", sa.Float(precision=53), nullable=False),
        sa.Column("revoked_by", sa.Text(), nullable=True),
        sa.Column("revoked_at", sa.Float(precision=53), nullable=True),
    )
    op.create_index("approval_grants_by_step", "approval_grants", ["skill", "step"], unique=False)
    op.execute(
        "UPDATE approvals SET state = 'void', answer_reason = 'its run is over', answered_at = asked_at"
        " WHERE state = 'open' AND run IN (SELECT id FROM runs WHERE state IN ('succeeded', 'failed', 'cancelled'))"
    )
    op.execute(  # the reason stood in place of the answer
        "UPDATE approvals SET answer_reason = CASE WHEN answer IN ('yes', 'no') THEN NULL ELSE answer END,"
        " answer = CASE state WHEN 'approved' THEN 'yes' ELSE 'no' END"
        " WHERE kind = 'approval' AND state IN ('approved', 'denied')"
    )
