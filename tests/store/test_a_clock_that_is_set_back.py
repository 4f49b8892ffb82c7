"""A step waits for its next try by the clock; where that is set back meanwhile, it waits no longer than it said."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from sidecar.clock import ManualClock, moment
from sidecar.journal.admission import NewRun, create
from sidecar.journal.runs import Segment, give_up_orphans, start_attempt, suspend
from sidecar.journal.steps import Journal
from sidecar.store import Store
from sidecar.store.schema import runs
from skills.wire import Again, Begin, ErrorInfo, Fail, Retry, StepKey, Suspend

KEY = StepKey(name="fetch", occurrence=0)
BEGIN = Begin(step=KEY, arguments={}, retry=Retry(attempts=9, backoff=2.0, backoff_cap=60.0))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "tend.db") as store:
        yield store


def attempt(store: Store, clock: ManualClock) -> Segment:
    return store.write(lambda connection: start_attempt(connection, "r", clock.now()))


def test_a_run_that_waits_for_its_next_try_is_waiting(store: Store) -> None:
    clock = ManualClock(moment(10_000.0))
    store.write(lambda connection: create(connection, NewRun(skill="s", version="v", trigger="call", id="r"), 1.0))
    journal = Journal(store, clock, attempt(store, clock))
    journal.begin(BEGIN)
    error = ErrorInfo(type="Busy", message="it is busy")
    assert isinstance(journal.fail(Fail(step=KEY, attempt=1, error=error)), Again)
    store.write(lambda connection: give_up_orphans(connection, clock.now()))

    clock.advance(-5_000.0)
    segment = attempt(store, clock)
    assert Journal(store, clock, segment).begin(BEGIN) == Suspend(reason="retry")
    store.write(lambda connection: suspend(connection, segment, clock.now()))
    run = store.row(sa.select(runs).where(runs.c.id == "r"))
    assert run is not None
    assert (run.state, run.reason, run.wake_at) == ("waiting", "retry", 5_060.0)
