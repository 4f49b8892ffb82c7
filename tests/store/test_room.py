"""Which of many ready runs may start: in both databases, as far as their concurrency leaves them room."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from sidecar.journal.admission import NewRun, create_all
from sidecar.journal.handing import hand_over, take
from sidecar.journal.room import PAGE, ready_with_room
from sidecar.journal.runs import Segment, claim
from sidecar.journal.stops import EVERYTHING, put_stop
from sidecar.store import Store
from sidecar.store.schema import runs
from tests.support.postgresql import new_database


@pytest.fixture(params=["sqlite", "postgresql"])
def store(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Store]:
    with Store(tmp_path / "tend.db" if request.param == "sqlite" else new_database()) as store:
        yield store


def queue(store: Store, some: Iterable[NewRun]) -> None:
    store.write(lambda connection: create_all(connection, list(some), 1.0))


def new(identity: str, key: str = "", *, skill: str = "s", concurrency: int = 1, priority: int = 0) -> NewRun:
    return NewRun(
        skill=skill,
        version="v",
        trigger="call",
        id=identity,
        concurrency_key=key,
        concurrency=concurrency,
        priority=priority,
    )


def start(store: Store, limit: int) -> list[str]:
    return [segment.run for segment in store.write(lambda connection: claim(connection, limit, 2.0))]


def found(store: Store, limit: int) -> list[str]:
    return [run.id for run in store.read(lambda connection: ready_with_room(connection, limit, 2.0))]


def hand(store: Store) -> list[str]:
    return [run.id for run in store.write(lambda connection: hand_over(connection, 200, 2.0))]


def fetch(store: Store, run: str) -> Segment | None:
    return store.write(lambda connection: take(connection, run, "host", 2.0))


def test_behind_many_without_room_the_next_is_found(store: Store) -> None:
    queue(store, [new(f"a{number}") for number in range(3 * PAGE)])
    queue(store, [new("urgent", priority=5), new("other", skill="t")])
    assert start(store, 4) == ["urgent", "other"]
    assert start(store, 4) == []


def test_each_key_has_room_of_its_own(store: Store) -> None:
    queue(store, [new(f"{key}.{number}", f"key{key}") for number in range(3) for key in range(PAGE)])
    assert start(store, PAGE + 7) == [f"{key}.0" for key in range(PAGE)]
    assert start(store, 7) == []


def test_a_version_that_allows_more_finds_room_where_another_finds_none(store: Store) -> None:
    queue(store, [new("first"), *(new(f"one{number}") for number in range(PAGE))])
    queue(store, [new(f"three{number}", concurrency=3) for number in range(3)])
    assert start(store, 9) == ["first", "three0", "three1"]


def test_what_is_stopped_keeps_nobody_waiting(store: Store) -> None:
    queue(store, [new(f"a{number}", concurrency=9) for number in range(2 * PAGE)])
    queue(store, [new("other", skill="t")])
    store.write(lambda connection: put_stop(connection, "s", "ada", "the bill", 1.0))
    assert found(store, 4) == ["other"]
    store.write(lambda connection: put_stop(connection, EVERYTHING, "ada", "the bill", 1.0))
    assert found(store, 4) == []


def test_a_more_urgent_run_takes_the_room_of_one_that_nobody_has_begun(store: Store) -> None:
    queue(store, [new("later", priority=-5)])
    assert hand(store) == ["later"]
    queue(store, [new("now", priority=100), new("as urgent", priority=100)])
    assert hand(store) == ["now"]

    assert fetch(store, "later") is None
    assert hand(store) == []
    assert fetch(store, "now") is not None
    over = runs.update().where(runs.c.id == "now").values(state="succeeded", ended_at=3.0)
    store.write(lambda connection: connection.execute(over))
    assert hand(store) == ["as urgent"]


def test_what_has_begun_keeps_its_room(store: Store) -> None:
    queue(store, [new("begun", priority=-5)])
    assert hand(store) == ["begun"]
    assert fetch(store, "begun") is not None
    queue(store, [new("now", priority=100)])
    assert hand(store) == []

    waiting = runs.update().where(runs.c.id == "begun").values(state="queued")
    store.write(lambda connection: connection.execute(waiting))
    assert hand(store) == ["begun"]
    assert hand(store) == []
    assert fetch(store, "begun") is not None
    assert store.row(sa.select(runs.c.admitted).where(runs.c.id == "now")) == (False,)
