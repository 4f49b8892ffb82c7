"""The migrations make the tables that the schema describes, in both databases."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext

from sidecar.store import Store
from sidecar.store import postgresql as of_postgresql
from sidecar.store.migrate import FOLDER
from sidecar.store.schema import leadership, metadata, steps
from tests.support.postgresql import new_database


def _ours(connection_object: object, name: str | None, type_: str, *_: object) -> bool:
    return not (name or "").startswith(("procrastinate", "idx_procrastinate"))


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_they_lead_to_the_schema(tmp_path: Path, kind: str) -> None:
    with Store(tmp_path / "tend.db" if kind == "sqlite" else new_database()) as store:

        def differences(connection: object) -> object:
            context = MigrationContext.configure(connection, opts={"include_object": _ours})  # type: ignore[arg-type]
            return compare_metadata(context, metadata)

        assert store.read(differences) == []


def test_a_slow_machine_has_time_for_them_and_to_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(of_postgresql._OF_A_SESSION, "idle_in_transaction_session_timeout", "200ms")
    monkeypatch.setattr("sidecar.store.migrate.failpoint", lambda _: time.sleep(0.5))
    limit = sa.select(sa.func.current_setting("idle_in_transaction_session_timeout"))

    def read(connection: sa.Connection) -> object:
        time.sleep(0.5)
        return connection.scalar(sa.select(sa.func.count()).select_from(steps))

    with Store(new_database()) as store:
        assert store.read(read) == 0
        assert store.rows(limit) == [("200ms",)]


@contextmanager
def older_store(folder: Path, revision: str) -> Iterator[sa.Connection]:
    older = sa.create_engine(f"sqlite:///{folder / 'tend.db'}")
    with older.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(FOLDER))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        yield connection
    older.dispose()


def test_the_files_of_whoever_led_last_count(tmp_path: Path) -> None:
    with older_store(tmp_path, "0015") as connection:
        connection.execute(leadership.insert().values(only=1, host="north", until=0.0))
    with Store(tmp_path / "tend.db") as store:
        assert store.rows(sa.select(leadership.c.host, leadership.c.files_of)) == [("north", "north")]


def test_steps_of_an_older_store_are_kept(tmp_path: Path) -> None:
    with older_store(tmp_path, "0011") as connection:
        row = {
            "name": "fetch",
            "occurrence": 0,
            "seq": 1,
            "kind": "step",
            "state": "waiting",
            "arguments_hash": "0" * 64,
        }
        both = [{**row, "run": run, "result": {"said": run}, "started_at": 1.5} for run in ("b", "a")]
        connection.execute(steps.insert(), both)
    with Store(tmp_path / "tend.db") as store:
        kept = store.rows(sa.select(steps.c.run, steps.c.result, steps.c.started_at))
        indexes = store.read(lambda connection: sa.inspect(connection).get_indexes("steps"))
    assert kept == [("a", {"said": "a"}, 1.5), ("b", {"said": "b"}, 1.5)]
    assert [index["name"] for index in indexes] == ["steps_that_wait"]
