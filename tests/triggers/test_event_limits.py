"""How often events come, and start something, is counted over the time that has just passed, whatever clocks do."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from sidecar.caller import CommandRefused
from sidecar.checker.manifest import Event, RateLimit
from sidecar.events.emit import A_MINUTE_AT_MOST, NewEvent, emit
from sidecar.store.schema import deliveries
from tests.triggers.stage import Stage

START = datetime(2026, 11, 21, 9, tzinfo=UTC)
HOUR = 3600.0


def tell(stage: Stage, times: int = 1) -> None:
    def change(connection: sa.Connection) -> None:
        for _ in range(times):
            emit(connection, NewEvent("page.changed", None, "person"), stage.clock.now())

    stage.store.write(change)


def outcomes(stage: Stage) -> list[str]:
    return [row.outcome for row in stage.store.rows(sa.select(deliveries.c.outcome).order_by(deliveries.c.seq))]


def test_events_of_a_time_that_is_to_come_hold_none_back(tmp_path: Path) -> None:
    with Stage(tmp_path, START) as stage:
        tell(stage, A_MINUTE_AT_MOST)
        with pytest.raises(CommandRefused, match="came within a minute"):
            tell(stage)
        stage.clock.advance(-HOUR)
        tell(stage)


def test_runs_of_a_time_that_is_to_come_count_for_no_rate_limit(tmp_path: Path) -> None:
    with Stage(tmp_path, START) as stage:
        stage.put("watches", Event(name="page.changed", rate_limit=RateLimit(runs=2, seconds=HOUR)))
        tell(stage, 3)
        stage.clock.advance(-2 * HOUR)
        tell(stage, 3)
        assert outcomes(stage) == ["started", "started", "limited"] * 2


def test_hosts_whose_clocks_differ_a_little_keep_one_rate_limit(tmp_path: Path) -> None:
    with Stage(tmp_path, START) as stage:
        stage.put("watches", Event(name="page.changed", rate_limit=RateLimit(runs=1, seconds=HOUR)))
        tell(stage)
        stage.clock.advance(-0.03)
        tell(stage)
        assert outcomes(stage) == ["started", "limited"]
