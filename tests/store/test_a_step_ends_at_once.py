"""On a server a step ends by one statement, which takes no turn: it writes what the ordinary way would have written,
and nothing once the run is another's."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from pydantic import JsonValue

from sidecar.checker.manifest import Manifest
from sidecar.clock import SystemClock
from sidecar.execution.outcome import fail_at_once
from sidecar.journal.admission import NewRun, create
from sidecar.journal.runs import Fenced, Segment, start_attempt
from sidecar.journal.steps import Journal
from sidecar.store import Store
from sidecar.store.schema import step_attempts, steps
from skills.wire import Begin, ErrorInfo, Fail, Finish, Retry, StepKey
from tests.support.postgresql import new_database
from tests.support.waiting import wait_until

ARGUMENTS: JsonValue = {"text": "a\0b", "none": None}


@pytest.fixture
def store() -> Iterator[Store]:
    with Store(new_database()) as store:
        yield store


@pytest.fixture
def segment(store: Store) -> Segment:
    new = NewRun(skill="s", version="v", trigger="call", id="r")
    store.write(lambda connection: create(connection, new, 1.0))
    return store.write(lambda connection: start_attempt(connection, "r", 1.0))


def begin(journal: Journal, name: str) -> StepKey:
    key = StepKey(name=name, occurrence=0)
    journal.begin(Begin(step=key, arguments=ARGUMENTS, retry=Retry(attempts=1)))
    return key


def end(journal: Journal, key: StepKey, how: str) -> None:
    if how == "succeeded":
        journal.finish(Finish(step=key, attempt=1, result=[1.5, "ü"]))
    else:
        journal.fail(Fail(step=key, attempt=1, error=ErrorInfo(type="Broken", message="it broke")))


@pytest.mark.parametrize("how", ["succeeded", "failed"])
@pytest.mark.parametrize("opening", ["with its end", "before"])
def test_it_writes_what_the_ordinary_way_writes(store: Store, segment: Segment, how: str, opening: str) -> None:
    for name, has_progressed in (("ordinary", False), ("at once", True)):
        journal = Journal(store, SystemClock(), segment, has_progressed=has_progressed)
        key = begin(journal, name)
        if opening == "before":
            wait_until(lambda: len(rows(store, steps, key.name)) == 1, "the opening is in the store")  # noqa: B023
        end(journal, key, how)
    for table in (steps, step_attempts):
        ordinary, at_once = rows(store, table, "ordinary")[0], rows(store, table, "at once")[0]
        differing = {"name", "started_at", "ended_at", "seq"}
        assert {k: v for k, v in ordinary.items() if k not in differing} == {
            k: v for k, v in at_once.items() if k not in differing
        }
        assert at_once["ended_at"] is not None


def rows(store: Store, table: sa.Table, name: str) -> list[dict[str, object]]:
    return [dict(row._mapping) for row in store.rows(sa.select(table).where(table.c.name == name))]


def test_a_run_that_is_anothers_is_not_written_to(store: Store, segment: Segment) -> None:
    journal = Journal(store, SystemClock(), segment, has_progressed=True)
    key = begin(journal, "late")
    store.write(lambda connection: start_attempt(connection, "r", 2.0))
    with pytest.raises(Fenced):
        end(journal, key, "succeeded")
    assert not any(row["ended_at"] for row in rows(store, steps, "late"))


def test_a_take_over_that_is_under_way_comes_first(store: Store, segment: Segment) -> None:
    """It has raised the fence, and has not committed: the end of a step waits for that, and is refused."""
    journal = Journal(store, SystemClock(), segment, has_progressed=True)
    key = begin(journal, "late")
    # its opening wants the turn that the take-over has
    wait_until(lambda: rows(store, steps, "late"), "the opening is in the store")
    refused: list[Fenced] = []

    def late() -> None:
        try:
            end(journal, key, "succeeded")
        except Fenced as error:
            refused.append(error)

    ending = threading.Thread(target=late)
    with Store(store.database.address) as other:  # type: ignore[attr-defined] # it is PostgreSQL's

        def take_over(connection: sa.Connection) -> None:
            start_attempt(connection, "r", 2.0)
            ending.start()
            waits = sa.text("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'WITH%'")
            # elsewhere: one transaction sees the same activity each time
            wait_until(
                lambda: other.read(lambda elsewhere: elsewhere.execute(waits).first()),
                "the step's end waits for the run's row",
                within=15,
            )

        other.write(take_over)
    ending.join(timeout=30)
    assert len(refused) == 1
    assert not any(row["ended_at"] for row in rows(store, steps, "late"))


def test_a_run_that_is_failed_while_a_step_of_it_ends_is_no_deadlock(store: Store, segment: Segment) -> None:
    """Both lock the run before they lock the step: one of the two waits for the other."""
    journal = Journal(store, SystemClock(), segment, has_progressed=True)
    key = begin(journal, "late")
    wait_until(lambda: rows(store, steps, "late"), "the opening is in the store")
    error, manifest = ErrorInfo(type="Late", message="late"), Manifest(name="s", purpose="", takes_input=False)
    with Store(store.database.address) as other, store.database.engine.connect() as ending:  # type: ignore[attr-defined] # it is PostgreSQL's
        ending.exec_driver_sql("BEGIN")
        ending.exec_driver_sql("SELECT id FROM runs WHERE id = 'r' FOR SHARE")
        failing = threading.Thread(
            target=lambda: other.write(lambda one: fail_at_once(one, "r", error, manifest, 2.0, why="was late"))
        )
        failing.start()
        waits = sa.text(
            "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        wait_until(lambda: store.read(lambda elsewhere: elsewhere.execute(waits).first()), "it waits for the run's row")
        ending.exec_driver_sql("SET LOCAL lock_timeout = '2s'")
        ending.exec_driver_sql("SELECT name FROM steps WHERE run = 'r' FOR UPDATE")
        ending.exec_driver_sql("ROLLBACK")
        failing.join(timeout=30)
    assert [row["state"] for row in rows(store, steps, key.name)] == ["failed"]
