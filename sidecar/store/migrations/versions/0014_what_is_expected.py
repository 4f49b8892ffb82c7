"""What active versions expect of themselves; and those that have their yes are found without a search."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

APPROVED = sa.text("state = 'approved'")
DECLARED = {"silent": "silence_at_most", "late": "within"}


def upgrade() -> None:
    expected = op.create_table(
        "expected",
        sa.Column("skill", sa.Text(), primary_key=True),
        sa.Column("kind", sa.Text(), primary_key=True),
        sa.Column("at_most", sa.Float(precision=53), nullable=False),
        sa.Column("since", sa.Float(precision=53), nullable=False),
    )
    skills = sa.table("skills", sa.column("name"), sa.column("active"))
    versions = sa.table("versions", sa.column("hash"), sa.column("manifest", sa.JSON), sa.column("activated_at"))
    for kind, name in DECLARED.items():
        at_most = versions.c.manifest[("expect", name)].as_float()
        live = sa.select(skills.c.name, sa.literal(kind), at_most, sa.func.coalesce(versions.c.activated_at, 0.0))
        declared = live.join(versions, versions.c.hash == skills.c.active).where(at_most.is_not(None))
        op.execute(expected.insert().from_select(["skill", "kind", "at_most", "since"], declared))
    op.create_index("versions_approved", "versions", ["skill"], sqlite_where=APPROVED, postgresql_where=APPROVED)
