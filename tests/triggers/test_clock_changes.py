"""Zones × clock changes × cron shapes, against an oracle that reads cron's rules by itself.

TEND_SEED=N repeats a run; TEND_FULL=1 takes every zone there is.
"""

from __future__ import annotations

import os
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import available_timezones

import pytest

from sidecar.checker.manifest import Cron
from sidecar.triggers.schedule import Schedule
from tests.triggers.oracle import Expression, Zone, clock_changes
from tests.triggers.stage import Stage

ZONES = (
    "Europe/Berlin",
    "Europe/Dublin",  # whose winter time is the "daylight saving" one
    "Europe/Lisbon",
    "America/New_York",
    "America/Santiago",
    "America/St_Johns",  # half an hour off
    "Australia/Lord_Howe",  # changes by half an hour
    "Australia/Adelaide",
    "Pacific/Chatham",  # three quarters off
    "Africa/Casablanca",
    "Antarctica/Troll",  # changes by two hours
    "Asia/Kathmandu",  # never changes
)
SHAPES = (
    "30 2 * * *",
    "0 2 * * *",
    "15 1,3 * * *",
    "45 0-4 * * *",
    "10/20 2 * * *",
    "0 3 * * 0",
    "30 2 29 3 *",
    "0 0 * * *",
    "*/30 * * * *",
    "5 * * * *",
    "*/20 1-3 * * *",
    "* 2 * * 0",
)
# cronsim goes hour by hour where the minute is `*`: where a change is not of whole hours, or not at a whole hour, it
# leaves out minutes that come again. The sidecar's README says so.
NOT_BY_WHOLE_HOURS = ("Australia/Lord_Howe", "Pacific/Chatham")
FROM, UNTIL = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
AROUND = timedelta(hours=8)
RUN_UP = timedelta(hours=6)  # the oracle has to have seen the clock before a change

SEED = int(os.environ.get("TEND_SEED", random.randrange(10**6)))
FULL = "TEND_FULL" in os.environ


@pytest.fixture(autouse=True)
def seed() -> random.Random:
    print(f"TEND_SEED={SEED}")
    return random.Random(SEED)


def _differs(zone: str, shape: str) -> bool:
    expression = Expression(shape)
    return zone in NOT_BY_WHOLE_HOURS and expression.is_wild and expression.fields[1] != "*"


def stretches(zone: str) -> list[tuple[datetime, datetime]]:
    changes = clock_changes(zone, FROM, UNTIL) or [datetime(2026, 3, 29, 1, tzinfo=UTC)]
    return [(change - AROUND, change + AROUND) for change in changes[:2]]


@pytest.mark.parametrize("zone", sorted(available_timezones()) if FULL else ZONES)
def test_a_schedule_is_due_when_cron_is(zone: str, seed: random.Random) -> None:
    """From wherever one begins to read it."""
    for start, end in stretches(zone):
        clock = Zone(zone, start - RUN_UP, end)
        for shape in SHAPES:
            if _differs(zone, shape):
                continue
            due = clock.due(Expression(shape))
            schedule = Schedule(Cron(expression=shape, zone=zone), "UTC")
            for since in [start, *(start + seed.random() * (end - start) for _ in range(6))]:
                expected = [at for at in due if at > since]
                found = []
                for slot in schedule.after(since.timestamp()):
                    if slot.due > end.timestamp():
                        break
                    found.append(datetime.fromtimestamp(slot.due, UTC))
                assert found == expected, f"{shape} in {zone} since {since}"


@pytest.mark.parametrize("catch_up", ["skip", "latest", "all"])
@pytest.mark.parametrize("zone", ZONES)
def test_each_due_time_has_one_row_and_fires_as_the_policy_says(
    zone: str, catch_up: str, tmp_path: Path, seed: random.Random
) -> None:
    """Looked at on time, late, after a long absence: over both clock changes of a year."""
    for number, (start, end) in enumerate(stretches(zone)):
        shapes = seed.sample(SHAPES, 3)
        clock = Zone(zone, start - RUN_UP, end)
        (tmp_path / str(number)).mkdir()
        with Stage(tmp_path / str(number), start) as stage:
            for shape in shapes:
                stage.put(_name(shape), Cron(expression=shape, zone=zone), catch_up=catch_up)  # type: ignore[arg-type] # the three policies
            looks = _looks(start, end, seed)
            for look in looks:
                stage.clock.at = look.timestamp()
                stage.look()
                stage.end_runs()
            for shape in shapes:
                if _differs(zone, shape):
                    continue
                due = [at for at in clock.due(Expression(shape)) if start < at <= looks[-1]]
                told = {datetime.fromtimestamp(row.due_at, UTC): row for row in stage.slots(_name(shape))}
                assert list(told) == due, f"{shape} in {zone}"
                fired = {at for at, row in told.items() if row.outcome in ("fired", "late")}
                assert fired == _expected(due, looks, catch_up), f"{shape} in {zone}, {catch_up}"
                assert len(stage.runs(_name(shape))) == len(fired)
                assert all(row.reason for at, row in told.items() if at not in fired)


def _looks(start: datetime, end: datetime, seed: random.Random) -> list[datetime]:
    """Mostly minutes apart, now and then hours."""
    looks, at = [], start
    while at < end:
        looks.append(at)
        at += timedelta(seconds=seed.choice([40, 90, 240] * 10 + [3_600, 5 * 3_600]))
    return [*looks, end]


def _expected(due: list[datetime], looks: list[datetime], catch_up: str) -> set[datetime]:
    """Of what came since the last look: the last, unless it is late and late ones are skipped; or all of it."""
    fires, before = set(), looks[0] - timedelta(days=9)
    for look in looks:
        came = [at for at in due if before < at <= look]
        if catch_up == "all":
            fires.update(came)
        elif came and not (catch_up == "skip" and look - came[-1] > timedelta(seconds=60)):
            fires.add(came[-1])
        before = look
    return fires


def _name(shape: str) -> str:
    return f"skill_{SHAPES.index(shape)}"
