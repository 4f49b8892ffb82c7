"""Steps, and their tries, lie in their keys' order: in SQLite a step writes two pages instead of four."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _put_in_order("steps")
        _put_in_order("step_attempts")


def _put_in_order(table: str) -> None:
    connection = op.get_bind()
    known = f"FROM sqlite_master WHERE tbl_name = '{table}' AND sql IS NOT NULL AND type"
    made = connection.exec_driver_sql(f"SELECT sql {known} = 'table'").scalar_one()
    indexes = connection.exec_driver_sql(f"SELECT sql {known} = 'index'").scalars().all()
    op.rename_table(table, "before")
    connection.exec_driver_sql(f"{made} WITHOUT ROWID")
    connection.exec_driver_sql(f"INSERT INTO {table} SELECT * FROM before ORDER BY run, name, occurrence")  # noqa: S608
    op.drop_table("before")
    for index in indexes:
        connection.exec_driver_sql(index)
