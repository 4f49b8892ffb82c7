"""All rows of one database into another, whichever the two are."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sidecar.store.schema import metadata

ROWS_AT_ONCE = 1_000


def copy_rows(source: Connection, target: Connection) -> None:
    """The target has the tables, and nothing in them."""
    for table in metadata.sorted_tables:
        rows = source.execute(table.select().execution_options(yield_per=ROWS_AT_ONCE))
        for some in rows.mappings().partitions():
            target.execute(table.insert(), [dict(row) for row in some])
        if target.dialect.name == "postgresql" and "seq" in table.c:
            _count_on(target, table)


def delete_rows(target: Connection) -> None:
    """All that a server has, to be replaced: the one case in which rows of the audit go."""
    target.exec_driver_sql("ALTER TABLE audit DISABLE TRIGGER audit_append_only")
    for table in reversed(metadata.sorted_tables):
        target.execute(table.delete())
    target.exec_driver_sql("ALTER TABLE audit ENABLE TRIGGER audit_append_only")


def _count_on(target: Connection, table: sa.Table) -> None:
    """The next row's number follows the last one's; PostgreSQL counts those that it has given itself."""
    if table.primary_key.columns.keys() == ["seq"]:
        last = sa.select(sa.func.coalesce(sa.func.max(table.c.seq), 0) + 1).scalar_subquery()
        target.execute(sa.select(sa.func.setval(sa.func.pg_get_serial_sequence(table.name, "seq"), last, False)))
