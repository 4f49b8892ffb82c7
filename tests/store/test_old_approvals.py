"""Approvals that were asked and answered before a yes was bound to a hash come over as what they were."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from sidecar.store import Store
from sidecar.store.migrate import FOLDER
from sidecar.store.schema import approvals
from tests.support.postgresql import new_database

BEFORE = "0004"  # the last schema without it

# id, kind, run, state, answer, as they were stored; and state, answer, reason, as they are now.
ROWS = [
    ("yes", "approval", "over", "approved", "yes", "approved", "yes", None),
    ("because", "approval", "over", "approved", "it is due", "approved", "yes", "it is due"),
    ("no", "approval", "over", "denied", "no", "denied", "no", None),
    ("why", "approval", "over", "denied", "too dear", "denied", "no", "too dear"),
    ("said", "question", "over", "answered", "blue", "answered", "blue", None),
    ("left", "approval", "over", "open", None, "void", None, "its run is over"),
    ("waits", "approval", "alive", "open", None, "open", None, None),
]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_they_are_what_they_were(tmp_path: Path, kind: str) -> None:
    address = tmp_path / "tend.db" if kind == "sqlite" else new_database()
    _store_of_then(f"sqlite:///{address}" if isinstance(address, Path) else address.replace(":", "+psycopg:", 1))
    with Store(address) as store:
        rows = {row.id: row for row in store.rows(sa.select(approvals))}
    assert [(row.id, row.state, row.answer, row.answer_reason) for row in (rows[each[0]] for each in ROWS)] == [
        (each[0], *each[5:]) for each in ROWS
    ]
    assert {(row.hash, row.on_expiry, row.target) for row in rows.values()} == {("", "no", None)}, "bound to nothing"


def _store_of_then(address: str) -> None:
    config, engine = Config(), sa.create_engine(address, poolclass=sa.NullPool)
    config.set_main_option("script_location", str(FOLDER))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, BEFORE)
        tables = sa.MetaData()
        tables.reflect(connection, only=["approvals", "runs"])
        for run, state in (("over", "failed"), ("alive", "waiting")):
            connection.execute(tables.tables["runs"].insert().values(**_run(tables.tables["runs"], run, state)))
        for identity, kind, run, state, answer, *_ in ROWS:
            row: dict[str, object] = {
                "id": identity,
                "kind": kind,
                "run": run,
                "state": state,
                "answer": answer,
                "step": "approve",
            }
            row |= {"occurrence": 0, "skill": "s", "question": "May it?", "asked_at": 1.0}
            connection.execute(tables.tables["approvals"].insert().values(**row))
        connection.commit()
    engine.dispose()


def _run(table: sa.Table, identity: str, state: str) -> dict[str, object]:
    """Whatever has to be there, with nothing in it."""
    empty = {sa.Text: "", sa.String: "", sa.Integer: 0, sa.Boolean: False, sa.Float: 0.0}
    needed = [column for column in table.c if not column.nullable and column.server_default is None]
    row: dict[str, object] = {
        column.name: next(value for type_, value in empty.items() if isinstance(column.type, type_))
        for column in needed
        if column.name != "seq"
    }
    return row | {"id": identity, "state": state}
