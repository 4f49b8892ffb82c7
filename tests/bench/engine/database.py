"""Where the measured sidecar keeps its store, and what its driver alone takes there: the floor of every step."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Protocol

import psycopg

from tests.support.postgresql import new_database


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
            connection.execute(
                "INSERT INTO floor VALUES (?, ?, ?, ?)", ("0123456789abcdef", "measured", occurrence, str(occurrence))
            )
            connection.execute("COMMIT")
            taken.append((time.perf_counter() - started) * 1e6)
        connection.close()
        return taken


class Postgresql:
    """A server of its own on this machine, with the settings that it comes with; each sidecar has a database there."""

    name = "postgresql"

    def settings(self) -> dict[str, str]:
        return {"database_url": new_database()}

    def dbos_url(self, folder: Path) -> str:  # SQLite's is in there
        return new_database()

    def commits(self, folder: Path, count: int) -> list[float]:  # SQLite's is in there
        taken = []
        with psycopg.connect(new_database()) as connection:
            connection.execute("CREATE TABLE floor (run TEXT, name TEXT, occurrence INTEGER, result TEXT)")
            connection.commit()
            for occurrence in range(count):
                started = time.perf_counter()
                row = ("0123456789abcdef", "measured", occurrence, str(occurrence))
                connection.execute("INSERT INTO floor VALUES (%s, %s, %s, %s)", row)
                connection.commit()
                taken.append((time.perf_counter() - started) * 1e6)
        return taken


DATABASES: dict[str, Database] = {"sqlite": Sqlite(), "postgresql": Postgresql()}
