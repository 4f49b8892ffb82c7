"""Where the store's rows are: what `Store` asks of a database, and the two that answer."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sidecar.store.sqlite import Sqlite


class MissingExtra(Exception):
    """A program that only those need who keep their store on a server."""


class Database(Protocol):
    """One that is opened. Its connections commit nothing by themselves but what `begin` has begun."""

    engine: sa.Engine
    way_out: str  # what a person can do where it can't be opened
    keeps_each_statement: bool  # one that needs no turn, and no other beside it, is best sent alone

    def begin(self, writer: Connection) -> None:
        """Begin a transaction that no other one writes beside, on any host."""
        ...

    def begin_reading(self, reader: Connection) -> None:
        """Begin a transaction that sees the store as it is now, until its end."""
        ...

    def migrating(self, writer: Connection) -> AbstractContextManager[None]:
        """While it is held, no other host changes the schema."""
        ...

    def copy_to(self, target: Path) -> None:
        """Write everything as it is at this moment to a new SQLite file. Nobody waits for it."""
        ...

    def problem(self) -> str | None:
        """What is wrong with the data as it is kept; None: nothing that can be seen."""
        ...

    def describe(self) -> str:
        """For people: where it is, and which program keeps it."""
        ...


def for_people(where: Path | str) -> str:
    """Without the password."""
    if isinstance(where, Path):
        return str(where)
    return sa.make_url(where).difference_update_query(["password"]).render_as_string()


def open_database(where: Path | str) -> Database:
    """A file's path is SQLite's; an address `postgresql://…` is a server's."""
    if isinstance(where, Path):
        return Sqlite(where)
    try:
        from sidecar.store.postgresql import Postgresql  # its driver is an extra
    except ModuleNotFoundError as error:
        raise MissingExtra(f"{error.name} is not installed. Add it: pip install 'tend-harness[postgresql]'") from error
    return Postgresql(where)
