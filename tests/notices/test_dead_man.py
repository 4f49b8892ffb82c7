"""Who falls silent, or is not over in time, is told of once, and once more when it is well again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sidecar.checker.manifest import Expectation, Manifest
from sidecar.clock import ManualClock
from sidecar.expectations import broken_expectation
from sidecar.moments import Moments
from sidecar.notices.dead_man import DeadMan, hold_to
from sidecar.store import Store, schema
from skills.wire import Succeeded
from tests.review.history import History
from tests.support.postgresql import database

START = datetime(2026, 11, 20, 10, tzinfo=UTC)
HOUR = 3600.0


class Watched:
    """A history, and who looks at it at a time that the test sets."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.history = History(store)
        self.clock = ManualClock(START)
        self._dead_man = DeadMan(store, self.clock, Moments())

    def look(self, *, after: float = 0.0) -> list[tuple[str, str]]:
        self.clock.advance(after)
        return sorted((notice.skill, notice.kind) for notice in self._dead_man.look())

    def misfire(self, skill: str, expect: Expectation) -> str | None:
        """What is said of a run that ends now, with nothing to report."""
        now = self.clock.now()
        identity = self.history.run(skill, now, None, state="running", ended_at=None)
        (run,) = self.store.rows(schema.runs.select().where(schema.runs.c.id == identity))
        quiet = Succeeded(output=None, nothing_to_report="all is well")
        misfire = self.store.read(lambda connection: broken_expectation(connection, run, quiet, expect, now))
        ended = schema.runs.update().values(state="succeeded", nothing_to_report="all is well", ended_at=now)
        self.store.write(lambda connection: connection.execute(ended.where(schema.runs.c.id == identity)))
        return misfire


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    with Store(database(tmp_path)) as store:
        yield Watched(store)


def test_silence_is_told_once_and_clears_when_it_reports_again(watched: Watched) -> None:
    watched.history.skill("reports", expect=Expectation(silence_at_most=2 * HOUR))
    watched.history.skill("says_nothing_of_it")
    watched.history.run("reports", watched.clock.now())
    assert watched.look(after=1 * HOUR) == []
    watched.history.run("reports", watched.clock.now(), None, nothing_to_report="all is well")
    assert watched.look(after=1.1 * HOUR) == [("reports", "silent")]
    assert watched.look() == []
    watched.history.failed("reports", watched.clock.now())
    assert watched.look(after=1 * HOUR) == []
    watched.history.run("reports", watched.clock.now())
    assert watched.look(after=1.0) == [("reports", "recovered")]
    assert watched.look() == []
    assert watched.look(after=3 * HOUR) == [("reports", "silent")], "another silence is another alert"


def test_a_quiet_run_misfires_by_the_same_silence_that_is_told(watched: Watched) -> None:
    expect = Expectation(silence_at_most=2 * HOUR)
    watched.history.skill("reports", expect=expect)
    watched.history.run("reports", watched.clock.now())
    assert watched.look(after=1 * HOUR) == []
    assert watched.misfire("reports", expect) is None
    watched.history.run("reports", watched.clock.now(), rehearsal=True)
    watched.history.run("reports", watched.clock.now(), trigger="on_failure")
    assert watched.look(after=1.1 * HOUR) == [("reports", "silent")]
    assert watched.misfire("reports", expect) == "nothing to report for 7559 s, expected at most 7200 s"


def test_silence_counts_from_when_the_version_that_expects_it_went_live(watched: Watched) -> None:
    expect = Expectation(silence_at_most=2 * HOUR)
    watched.history.skill("reports")
    watched.history.run("reports", watched.clock.now(), None, nothing_to_report="all is well")
    watched.clock.advance(5 * HOUR)
    manifest = Manifest(name="reports", purpose="", takes_input=False, triggers=(), expect=expect)
    watched.store.write(lambda connection: hold_to(connection, "reports", manifest, watched.clock.now()))
    assert (watched.look(after=1 * HOUR), watched.misfire("reports", expect)) == ([], None)
    assert watched.look(after=1.1 * HOUR) == [("reports", "silent")]
    assert watched.misfire("reports", expect) is not None


def test_a_run_that_is_not_over_in_time_is_told_while_it_goes_on(watched: Watched) -> None:
    watched.history.skill("slow", expect=Expectation(within=60.0))
    run = watched.history.run("slow", watched.clock.now(), state="waiting", reason="approval", ended_at=None)
    assert watched.look(after=59.0) == []
    assert watched.look(after=2.0) == [("slow", "late")]
    assert watched.look(after=1.0) == []
    (told,) = watched.store.rows(schema.notices.select())
    assert told.run == run
    assert told.text == (
        f"slow: run {run} is waiting for approval 0:01:01 after it started, and is expected within 0:01:00. "
        f"What it is at: tend runs show {run}"
    )
    over = schema.runs.update().values(state="succeeded", ended_at=watched.clock.now())
    watched.store.write(lambda connection: connection.execute(over))
    assert watched.look() == [("slow", "recovered")]


def test_whoever_is_paused_is_expected_no_more_and_nothing_untrue_is_told(watched: Watched) -> None:
    watched.history.skill("reports", expect=Expectation(silence_at_most=2 * HOUR))
    watched.history.run("reports", watched.clock.now())
    assert watched.look(after=3 * HOUR) == [("reports", "silent")]
    paused = schema.skills.update().values(paused=True)
    watched.store.write(lambda connection: connection.execute(paused))
    assert watched.look() == []
    assert watched.look(after=3 * HOUR) == []
