"""A server that several hosts share.

All that write take turns: each transaction begins by taking one lock, on whichever host. So what holds where one
process alone writes holds here too, and a change of a run's state can't slip between another's look and its change.
Callers at the same instant share a transaction, per host. A change of one statement that minds by itself what others
write at that instant takes no turn (journal/at_once.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sidecar.store.copying import copy_rows
from sidecar.store.migrate import migrate
from sidecar.store.prepared import execute_text
from sidecar.store.values import to_json

WRITING = 0x74656E64  # the key of the lock that whoever writes holds
MIGRATING = WRITING + 1

# A host that stopped in the middle of a transaction would keep all others waiting: the server ends that session.
_IDLE_AT_MOST = "idle_in_transaction_session_timeout"
_OF_A_SESSION = {
    _IDLE_AT_MOST: "5s",
    "lock_timeout": "20s",
    "tcp_keepalives_idle": "2",
    "tcp_keepalives_interval": "1",
    "tcp_keepalives_count": "3",
}
SOCKET: dict[str, Any] = {  # a server that can't be reached any more is found out
    "connect_timeout": 5,
    "keepalives_idle": 2,
    "keepalives_interval": 1,
    "keepalives_count": 3,
    "tcp_user_timeout": 5000,
}
CONNECTIONS_AT_MOST = 40  # of one host: attempts, the API's threads, the writer


class Postgresql:
    keeps_each_statement = True
    way_out = "Does the server run, and may this user make tables there?"

    def __init__(self, address: str) -> None:
        self.address = address
        self.engine = engine_of(address, connections=CONNECTIONS_AT_MOST)

    def begin(self, writer: Connection) -> None:
        execute_text(writer, f"BEGIN; SELECT pg_advisory_xact_lock({WRITING})")

    def begin_reading(self, reader: Connection) -> None:
        """Nobody waits for who reads: that may pause for as long as a slow machine has it pause."""
        execute_text(reader, f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL {_IDLE_AT_MOST} = '5min'")

    @contextmanager
    def migrating(self, writer: Connection) -> Iterator[None]:
        """On a slow machine the migrations' own code may take longer than others would be kept waiting else."""
        patience = (_IDLE_AT_MOST, "lock_timeout")  # with itself, and with a host that migrates now
        try:
            for setting in patience:
                writer.exec_driver_sql(f"SET {setting} = '5min'")
            writer.exec_driver_sql(f"SELECT pg_advisory_lock({MIGRATING})")
            yield
        finally:
            if not writer.invalidated:  # else the server has let go of all that was this session's
                writer.exec_driver_sql(f"SELECT pg_advisory_unlock({MIGRATING})")
                for setting in patience:
                    writer.exec_driver_sql(f"RESET {setting}")

    def copy_to(self, target: Path) -> None:
        copy = sa.create_engine(f"sqlite:///{target}", json_serializer=to_json)
        try:
            with self.engine.connect() as reader, copy.begin() as writer:
                migrate(writer)
                self.begin_reading(reader)
                copy_rows(reader, writer)
                reader.exec_driver_sql("ROLLBACK")
        finally:
            copy.dispose()

    def problem(self) -> str | None:
        """The server sees to its own data; that it answers is what can be seen from here."""
        with self.engine.connect() as connection:
            connection.exec_driver_sql("SELECT 1")
        return None

    def describe(self) -> str:
        with self.engine.connect() as connection:
            version = connection.exec_driver_sql("SHOW server_version").scalar_one()
            size = connection.exec_driver_sql("SELECT pg_database_size(current_database()) / 1024").scalar_one()
        return f"{sa.make_url(self.address).render_as_string()}, {size:,} KiB, PostgreSQL {version}"


def engine_of(address: str, *, connections: int, statement_timeout: str = "0") -> sa.Engine:
    """One whose connections keep each statement at once, but for what lies between a BEGIN and its COMMIT."""
    settings = {**_OF_A_SESSION, "statement_timeout": statement_timeout}
    return sa.create_engine(
        sa.make_url(address).set(drivername="postgresql+psycopg"),
        connect_args={
            **SOCKET,
            "options": " ".join(f"-c {name}={value}" for name, value in settings.items()),
            "application_name": "tend",
        },
        isolation_level="AUTOCOMMIT",
        json_serializer=to_json,
        pool_size=min(connections, 5),
        max_overflow=max(0, connections - 5),
        pool_pre_ping=True,
    )
