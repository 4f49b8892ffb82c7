"""A clock that jumps, forward or back, makes no slot fire twice and loses none."""

from __future__ import annotations

import os
import random
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from sidecar.checker.manifest import Every
from sidecar.clock import ManualClock
from sidecar.triggers.clock_jumps import JumpWatch
from tests.triggers.stage import Stage

START = datetime(2026, 11, 21, 9, 0, 30, tzinfo=UTC)
MINUTE, HOUR = 60.0, 3_600.0
EVERY_MINUTE = Every(seconds=MINUTE)
SEED = int(os.environ.get("TEND_SEED", random.randrange(10**6)))


def outcomes(stage: Stage) -> list[str]:
    return [row.outcome for row in stage.slots("ticker")]


def step(stage: Stage, seconds: float) -> None:
    stage.clock.advance(seconds)
    stage.look()
    stage.end_runs()


def test_looking_again_at_the_same_moment_changes_nothing(tmp_path: Path) -> None:
    with Stage(tmp_path, START) as stage:
        stage.put("ticker", EVERY_MINUTE)
        step(stage, MINUTE)
        step(stage, 0)
        step(stage, 0)
        assert outcomes(stage) == ["fired"]


def test_a_clock_put_back_fires_nothing_twice_and_goes_on(tmp_path: Path) -> None:
    with Stage(tmp_path, START) as stage:
        stage.put("ticker", EVERY_MINUTE)
        for _ in range(3):
            step(stage, MINUTE)
        step(stage, -2 * MINUTE)
        for _ in range(3):
            step(stage, MINUTE)
        assert outcomes(stage) == ["fired"] * 4
        assert len(stage.runs("ticker")) == 4


def test_a_clock_that_was_an_hour_ahead_by_mistake_loses_nothing(tmp_path: Path) -> None:
    with Stage(tmp_path, START) as stage:
        stage.put("ticker", EVERY_MINUTE)
        step(stage, HOUR)
        assert Counter(outcomes(stage)) == {"missed": 59, "fired": 1}
        step(stage, -HOUR)
        assert Counter(outcomes(stage)) == {"fired": 1}, "what did not fire comes again"
        for _ in range(61):
            step(stage, MINUTE)
        assert Counter(outcomes(stage)) == {"fired": 61}
        assert len(stage.runs("ticker")) == 61


def test_any_jumps(tmp_path: Path) -> None:
    """However the clock goes, in the end each slot up to its highest time has one row, and at most one run."""
    print(f"TEND_SEED={SEED}")
    seed = random.Random(SEED)
    with Stage(tmp_path, START) as stage:
        stage.put("ticker", EVERY_MINUTE, catch_up="all")
        first = highest = stage.clock.now()
        for _ in range(150):
            jump = seed.choice([20, MINUTE, 2 * MINUTE, 10 * MINUTE, -30, -MINUTE, -8 * MINUTE])
            step(stage, max(jump, first - stage.clock.now()))
            highest = max(highest, stage.clock.now())
        stage.clock.at = highest
        stage.look()
        due = [minute * MINUTE for minute in range(int(first // MINUTE) + 1, int(highest // MINUTE) + 1)]
        assert [row.due_at for row in stage.slots("ticker")] == due
        assert {row.outcome for row in stage.slots("ticker")} <= {"fired", "late"}
        assert len({row.run for row in stage.slots("ticker")}) == len(stage.runs("ticker")) == len(due)


def test_paused_slots_have_rows_and_so_have_those_after_them(tmp_path: Path) -> None:
    with Stage(tmp_path, START) as stage:
        stage.put("ticker", EVERY_MINUTE)
        stage.registry.pause("ticker", "person", "holidays")
        step(stage, 2 * MINUTE)
        stage.registry.resume("ticker", "person")
        step(stage, MINUTE)
        assert outcomes(stage) == ["paused", "paused", "fired"]
        assert [row.run is None for row in stage.slots("ticker")] == [True, True, False]


def test_a_long_absence_is_summed_up(tmp_path: Path) -> None:
    with Stage(tmp_path, START) as stage:
        stage.put("ticker", EVERY_MINUTE, catch_up="all")
        step(stage, 1_500 * MINUTE)
        rows = stage.slots("ticker")
        assert len(rows) == 1_000
        assert "500 earlier ones too" in rows[0].reason


def test_a_jump_is_told_apart_from_time_that_passes() -> None:
    clock, steady, jumps = ManualClock(START), ManualClock(START), list[float]()
    watch = JumpWatch(clock, lambda: jumps.append(clock.now()), steady.now)
    for wall, real in ((1.0, 1.0), (1.4, 1.0), (60.0, 1.0), (1.0, 1.0), (-600.0, 1.0), (1.0, 1.0)):
        clock.advance(wall)
        steady.advance(real)
        watch.look()
    assert jumps == [START.timestamp() + 62.4, START.timestamp() - 536.6]
