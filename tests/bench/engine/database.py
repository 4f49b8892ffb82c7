"""Where the measured sidecar keeps its store, and what its driver alone takes there: the floor of every step."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Protocol

ROW = "INSERT INTO floor VALUES (?, ?, ?, ?)"


class Database(Protocol):
    name: str

    def settings(self) -> dict[str, str]:
        """What the sidecar is told."""
        ...

    def dbos_url(self, folder: Path) -> str:
        """A database of the same kind for DBOS."""
        ...

    def commits(self, folder: Path, count: int) -> list[float]:
        """Microseconds that the raw driver takes to insert and commit one row, `count` times."""
        ...


class Sqlite:
    """The file lies beside the sidecar's store, and promises as much: WAL, `synchronous=FULL`."""

    name = "sqlite"

    def settings(self) -> dict[str, str]:
        return {}

    def dbos_url(self, folder: Path) -> str:
        return f"sqlite:///{folder}/dbos.db"

    def commits(self, folder: Path, count: int) -> list[float]:
        connection = sqlite3.connect(folder / "floor.db", isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE IF NOT EXISTS floor (run TEXT, name TEXT, occurrence INTEGER, result TEXT)")
        taken = []
        for occurrence in range(count):
            started = time.perf_counter()
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(ROW, ("0123456789abcdef", "measured", occurrence, str(occurrence)))
            connection.execute("COMMIT")
            taken.append((time.perf_counter() - started) * 1e6)
        connection.close()
        return taken


DATABASES: dict[str, Database] = {"sqlite": Sqlite()}
