"""What `Prepared` executes is what SQLAlchemy would have, on whichever database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from sidecar.store import Store
from sidecar.store.prepared import Prepared
from sidecar.store.schema import steps
from sidecar.store.values import insert
from tests.support.postgresql import new_database

STEP = {"run": "r", "name": "n", "seq": 1, "kind": "step", "state": "running", "arguments_hash": "0", "started_at": 0.5}
INSERT = Prepared(steps.insert())


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "tend.db" if request.param == "sqlite" else new_database()) as store:
        yield store


def test_rows_are_written_as_sqlalchemy_writes_them(store: Store) -> None:
    given = STEP | {"arguments": {"text": "a\0b", "none": None}, "intent": None}

    def change(connection: sa.Connection) -> None:
        INSERT.execute(connection, given | {"occurrence": 0})
        connection.execute(steps.insert(), given | {"occurrence": 1})
        Prepared(steps.update().where(steps.c.occurrence == sa.bindparam("at"))).execute(
            connection, {"at": 0, "result": [1.5, "ü"], "ended_at": 2.5}
        )
        connection.execute(steps.update().where(steps.c.occurrence == 1).values(result=[1.5, "ü"], ended_at=2.5))

    store.write(change)
    ours, theirs = store.rows(sa.select(steps).order_by(steps.c.occurrence))
    assert {**ours._mapping, "occurrence": 1} == dict(theirs._mapping)
    assert ours.failures == 0, "a default of the schema"


def test_many_rows_at_once_are_written_as_one_by_one_and_counted(store: Store) -> None:
    rows = [STEP | {"occurrence": number, "arguments": {"number": number}} for number in range(3)]

    def change(connection: sa.Connection) -> int:
        INSERT.execute(connection, rows[0])
        return insert_new.execute_many(connection, rows)

    insert_new = Prepared(store.read(lambda connection: insert(connection, steps)).on_conflict_do_nothing())
    assert store.write(change) == 2, "one was there"
    found = store.rows(sa.select(steps.c.occurrence, steps.c.arguments, steps.c.failures).order_by(steps.c.occurrence))
    assert [tuple(row) for row in found] == [(number, {"number": number}, 0) for number in range(3)]


def test_rows_are_read_as_sqlalchemy_reads_them(store: Store) -> None:
    store.write(lambda connection: INSERT.execute(connection, STEP | {"occurrence": 0, "arguments": {"text": "ü"}}))
    store.write(lambda connection: INSERT.execute(connection, STEP | {"occurrence": 1}))
    wanted = sa.select(steps).order_by(steps.c.occurrence)
    whole = Prepared(wanted)
    assert list(store.rows(whole)) == list(store.rows(wanted))
    first = store.row(whole)
    assert first is not None
    assert first.arguments == {"text": "ü"}, "by its name, and decoded"
    assert list(first._asdict()) == steps.c.keys()

    def one_alone(connection: sa.Connection) -> int | None:
        found = whole.row(connection)
        return found.occurrence if found else None

    assert store.read(one_alone) == 0


def test_a_value_may_stand_at_several_places_and_what_is_changed_be_returned(store: Store) -> None:
    store.write(lambda connection: INSERT.execute(connection, STEP | {"occurrence": 0}))
    later = Prepared(
        steps.update()
        .where(steps.c.started_at < sa.bindparam("now"), steps.c.run == sa.bindparam("of"))
        .values(started_at=sa.bindparam("now"), ended_at=sa.bindparam("now"))
        .returning(steps.c.started_at, steps.c.ended_at)
    )
    (row,) = store.write(lambda connection: later.rows(connection, {"now": 2.5, "of": "r"}))
    assert row == (2.5, 2.5)
    assert store.write(lambda connection: later.row(connection, {"now": 3.5, "of": "another"})) is None


def test_an_error_of_the_driver_is_sqlalchemys_and_undoes_the_change(store: Store) -> None:
    def twice(connection: sa.Connection) -> None:
        for _ in range(2):
            INSERT.execute(connection, STEP | {"occurrence": 0})

    with pytest.raises(IntegrityError, match="INSERT INTO steps"):
        store.write(twice)
    assert store.rows(sa.select(steps)) == []
