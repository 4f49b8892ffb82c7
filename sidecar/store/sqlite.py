"""One file, one process that writes to it."""

from __future__ import annotations

import sqlite3
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sidecar.store.prepared import execute_text
from sidecar.store.values import to_json

CONNECTIONS_AT_MOST = 40  # attempts, the API's threads, the writer


class Sqlite:
    keeps_each_statement = False  # what it takes is the commit
    way_out = "Restore it from a backup."

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.engine = sa.create_engine(
            f"sqlite:///{path}",
            connect_args={"isolation_level": None, "check_same_thread": False},
            isolation_level="AUTOCOMMIT",
            json_serializer=to_json,
            max_overflow=CONNECTIONS_AT_MOST - 5,
        )
        sa.event.listen(self.engine, "connect", _prepare)

    def begin(self, writer: Connection) -> None:
        execute_text(writer, "BEGIN IMMEDIATE")

    def begin_reading(self, reader: Connection) -> None:
        execute_text(reader, "BEGIN")

    def migrating(self, writer: Connection) -> AbstractContextManager[None]:  # noqa: ARG002 # one host, one sidecar
        return nullcontext()

    def copy_to(self, target: Path) -> None:
        with self.engine.connect() as connection:
            connection.exec_driver_sql("VACUUM INTO ?", (str(target),))

    def problem(self) -> str | None:
        with self.engine.connect() as connection:
            verdict: str = connection.exec_driver_sql("PRAGMA quick_check").scalar_one()
        return None if verdict == "ok" else verdict

    def describe(self) -> str:
        size = self.path.stat().st_size // 1024
        return f"{self.path}, {size:,} KiB, SQLite {sqlite3.sqlite_version}, one writing connection"


def _prepare(connection: sqlite3.Connection, _: object) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000"):
        connection.execute(f"PRAGMA {pragma}")
