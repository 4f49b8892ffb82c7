"""A run waits for quiet, but not for ever: events that do not pause put it off for ten quiet times."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from sidecar.checker.manifest import Event
from sidecar.events.emit import NewEvent, emit
from sidecar.journal.handing import hand_over
from sidecar.store.schema import deliveries, runs
from tests.triggers.stage import Stage

START = datetime(2026, 11, 21, 9, tzinfo=UTC)
QUIET = 60.0  # seconds


def tell(stage: Stage, text: str) -> None:
    event = NewEvent("page.changed", {"text": text}, "person")
    stage.store.write(lambda connection: emit(connection, event, stage.clock.now()))


def due_in(stage: Stage) -> list[tuple[float, object]]:
    """Of each run: seconds from the start of the test, and its event's text."""
    found = stage.store.rows(sa.select(runs.c.ready_at, runs.c.input).order_by(runs.c.seq))
    return [(row.ready_at - START.timestamp(), row.input["text"]) for row in found]


def test_each_event_begins_the_quiet_time_again(tmp_path: Path) -> None:
    with Stage(tmp_path, START) as stage:
        stage.put("watches", Event(name="page.changed", debounce=QUIET))
        tell(stage, "a")
        assert due_in(stage) == [(QUIET, "a")]
        stage.clock.advance(50)
        tell(stage, "b")
        assert due_in(stage) == [(50 + QUIET, "b")]


def test_events_that_do_not_pause_put_it_off_for_ten_quiet_times(tmp_path: Path) -> None:
    with Stage(tmp_path, START) as stage:
        stage.put("watches", Event(name="page.changed", debounce=QUIET))
        for number in range(20):  # one each half minute, for 570 s
            tell(stage, str(number))
            stage.clock.advance(30)
        assert due_in(stage) == [(10 * QUIET, "19")], "the last one that has come"
        tell(stage, "20")  # its time has come, and no worker has had it yet
        assert due_in(stage) == [(600.0, "19"), (600.0 + QUIET, "20")], "the next begins anew"


def test_of_all_that_it_stands_for_one_has_started_it(tmp_path: Path) -> None:
    with Stage(tmp_path, START) as stage:
        stage.put("watches", Event(name="page.changed", debounce=QUIET))
        for text in ("a", "b", "c"):
            tell(stage, text)
        outcomes = stage.store.rows(sa.select(deliveries.c.outcome).order_by(deliveries.c.seq))
        assert [row.outcome for row in outcomes] == ["merged", "merged", "started"]


def test_a_run_that_is_handed_over_takes_no_further_event(tmp_path: Path) -> None:
    """Nor where the clock of who stores the event is behind that of who handed it over."""
    with Stage(tmp_path, START) as stage:
        stage.put("watches", Event(name="page.changed", debounce=QUIET))
        tell(stage, "a")
        (handed,) = stage.store.write(lambda connection: hand_over(connection, 9, stage.clock.now() + QUIET))
        tell(stage, "b")
        first, second = stage.runs("watches")
        assert (first.id, first.input["text"], second.input["text"]) == (handed.id, "a", "b")
