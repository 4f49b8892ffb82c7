"""One real store for thousands of examples: each begins with empty tables."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sidecar.clock import ManualClock
from sidecar.store import Store
from sidecar.store.schema import metadata


class Emptied:
    """A store without a row, and a clock that the example moves."""

    def __init__(self, store: Store, clock: ManualClock) -> None:
        self.store = store
        self.clock = clock
        self.store.write(_empty)


def _empty(connection: Connection) -> None:
    connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
    connection.exec_driver_sql("DROP TRIGGER IF EXISTS audit_no_delete")
    for table in metadata.sorted_tables[::-1]:
        connection.execute(sa.delete(table))
