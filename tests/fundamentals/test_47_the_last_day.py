"""What became of the last day's runs is counted hour by hour, for each skill."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import sqlalchemy as sa

from sidecar.store.schema import runs
from tests.support.live_sidecar import LiveSidecar

COUNTED = '''"""Fail where it is told to."""

from skills import Run, skill


@skill()
def counted(run: Run, fail: bool) -> str:
    if fail:
        raise ValueError("as told")
    return "well"
'''


def test_runs_are_counted_in_the_hour_in_which_they_were_made(sidecar: LiveSidecar) -> None:
    sidecar.put("counted", COUNTED)
    made = [sidecar.run("counted", fail).run.id for fail in (False, False, False, True)]
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    at = (hour, hour - timedelta(seconds=0.25), hour - timedelta(hours=23), hour - timedelta(hours=23, seconds=0.25))
    sidecar.stop()
    for run, when in zip(made, at, strict=True):
        sidecar.change_store(sa.update(runs).where(runs.c.id == run).values(created_at=when.timestamp()))
    sidecar.start()

    day = sidecar.client.last_day()

    (of_it,) = (each for each in day.skills if each.skill == "counted")
    within = [sum(hour <= when < hour + timedelta(hours=1) for when in at) for hour in day.hours]
    assert [later - earlier for earlier, later in pairwise(day.hours)] == [timedelta(hours=1)] * 23
    assert sum(within) in {2, 3}  # 2 where the hour has struck meanwhile
    assert list(of_it.runs) == within
    assert not sum(of_it.failed)  # that one is older
    assert not sum(of_it.unfinished)
