"""How much is read: PostgreSQL's driver fetches all that a statement finds, whether anybody looks at it or not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from sidecar.store import Store


@contextmanager
def rows_read(store: Store, column: str) -> Iterator[list[int]]:
    """Of each statement meanwhile that selects this column, as "events.payload": how many rows the server has sent."""
    counts: list[int] = []

    def after(connection: sa.Connection, cursor: Any, text: str, *_: object) -> None:
        if text.startswith("SELECT") and column in text.partition("FROM")[0]:
            counts.append(cursor.rowcount)

    sa.event.listen(store.database.engine, "after_cursor_execute", after)
    try:
        yield counts
    finally:
        sa.event.remove(store.database.engine, "after_cursor_execute", after)
