"""A skill's active version changes: its schedule is watched, whatever strikes; no slot is lost, and none made up."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from sidecar.checker.manifest import At, Cron, Every
from sidecar.clock import ManualClock
from sidecar.store import StoreError
from sidecar.store import postgresql as of_postgresql
from tests.support.waiting import wait_until
from tests.triggers.stage import Stage

START = datetime(2026, 11, 21, 8, 59, 59, tzinfo=UTC)
DAILY, DAILY_TOO = Cron(expression="0 9 * * *"), Cron(expression="0 9,21 * * *")
HOURLY = Every(seconds=3_600)
HOUR = 3_600.0


class Ahead(ManualClock):
    """An hour before the machine's, as a database's may be."""

    def now(self) -> float:
        return time.time() + HOUR


def test_what_came_due_before_the_triggers_heard_of_the_new_version_fires(tmp_path: Path) -> None:
    with Stage(tmp_path, START) as stage:
        stage.put("report", DAILY, catch_up="skip")
        stage.activate("report", DAILY, catch_up="latest")
        stage.clock.advance(2)
        stage.look()
        assert stage.slots("report") == [], "it was replaced: that is for the refresh"
        stage.triggers.refresh("report")
        assert [row.outcome for row in stage.slots("report")] == ["fired"]


def test_a_version_that_the_triggers_are_never_told_of_is_watched_all_the_same(tmp_path: Path) -> None:
    """As where another host has made it live."""
    with Stage(tmp_path, START) as stage:
        stage.put("report", DAILY, catch_up="skip")
        stage.triggers.start()
        try:
            stage.activate("report", DAILY, catch_up="latest")
            stage.clock.advance(2)
            stage.look()
            wait_until(lambda: bool(stage.slots("report")), "its slot has a row", within=10)
            assert [row.outcome for row in stage.slots("report")] == ["fired"]
        finally:
            stage.triggers.stop()


def test_a_skill_that_went_live_while_the_store_failed_is_watched_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Stage(tmp_path, START) as stage:
        stage.put("report", DAILY)
        stage.triggers.start()
        try:
            stage.activate("report", DAILY_TOO)
            with monkeypatch.context() as broken:
                broken.setattr(stage.registry, "active", fails)
                stage.triggers.refresh("report")
            active = stage.registry.active("report")
            assert active is not None
            wait_until(lambda: stage.triggers.next_due(active.manifest) is not None, "it is watched")
        finally:
            stage.triggers.stop()


def fails(name: str) -> None:
    raise StoreError(f"{name} can't be read: the disk is full")


def test_whatever_goes_wrong_in_a_look_it_is_looked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Stage(tmp_path, START, clock=Ahead) as stage:
        stage.activate("ticker", Every(seconds=1))
        stage.triggers.start()
        try:
            with monkeypatch.context() as broken:
                broken.setattr(stage.triggers, "_account_for", fails_otherwise)
                broken.setattr(stage.registry, "active", fails_otherwise)
                stage.triggers.refresh("ticker")
            assert "ticker" in stage.triggers._stale
            wait_until(lambda: bool(stage.slots("ticker")), "a slot has its row")
            assert not stage.triggers._stale
        finally:
            stage.triggers.stop()


def fails_otherwise(*_: object) -> None:
    raise sa.exc.TimeoutError


def test_a_skill_that_comes_back_makes_up_for_nothing_of_the_time_when_it_was_not_there(tmp_path: Path) -> None:
    with Stage(tmp_path, START) as stage:
        stage.put("report", HOURLY, catch_up="all")
        stage.registry.retire("report", "test", "")
        stage.triggers.refresh("report")
        stage.clock.advance(30 * 24 * HOUR)
        stage.put("report", HOURLY, catch_up="all")
        stage.look()
        assert stage.slots("report") == []
        stage.clock.advance(2)
        stage.look()
        assert [row.outcome for row in stage.slots("report")] == ["fired"]


def test_a_schedule_that_is_too_far_away_never_comes_and_keeps_no_other_waiting(tmp_path: Path) -> None:
    """As versions declare it that passed the check before there was a limit."""
    zone = ZoneInfo("America/New_York")
    with Stage(tmp_path, START) as stage:
        stage.activate("far", Every(seconds=timedelta(days=999_999_999).total_seconds()))
        stage.activate("farther", At(when=datetime(9999, 12, 31, 23, 59, tzinfo=zone)))
        stage.activate("unknown", Cron(expression="0 9 * * *", zone="No/Where"))
        stage.activate("report", DAILY)
        stage.triggers.start()
        try:
            for name in ("far", "farther", "report"):
                active = stage.registry.active(name)
                assert active is not None
                for schedule in stage.triggers.schedules(active.manifest):
                    assert bool(schedule.next(stage.clock.now())) == (name == "report")
            stage.clock.advance(2)
            stage.look()
            assert [row.outcome for row in stage.slots("report")] == ["fired"]
            stage.triggers.refresh("unknown")
            stage.put("hourly", HOURLY)
        finally:
            stage.triggers.stop()


def test_slots_come_by_our_clock_and_not_by_the_machine_s(tmp_path: Path) -> None:
    with Stage(tmp_path, START, clock=Ahead) as stage:
        stage.put("ticker", Every(seconds=1))
        stage.triggers.start()
        try:
            wait_until(lambda: bool(stage.slots("ticker")), "a slot has its row")
        finally:
            stage.triggers.stop()


def test_a_server_waits_for_none_of_what_came_in_a_long_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends a session that does nothing within a transaction."""
    monkeypatch.setitem(of_postgresql._OF_A_SESSION, "idle_in_transaction_session_timeout", "200ms")
    with Stage(tmp_path, START) as stage:
        stage.put("ticker", Every(seconds=1))
        stage.clock.advance(100 * HOUR)
        for _ in range(5):  # a busy machine pauses for as long, now and then, wherever it is
            stage.look()
        found = stage.slots("ticker")
        assert found[-1].outcome == "fired"
        assert "359,000 earlier ones too" in found[0].reason
