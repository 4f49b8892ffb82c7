"""What became of the last day's runs is counted hour by hour, for each skill."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

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

    (day,) = (day for day in sidecar.client.last_day() if day.skill == "counted")

    if datetime.now(UTC) < hour + timedelta(hours=1):  # else it has struck meanwhile
        assert [each.since for each in day.hours] == [hour - timedelta(hours=back) for back in range(23, -1, -1)]
        assert [each.runs for each in day.hours] == [1, *[0] * 21, 1, 1]
    assert not sum(each.failed for each in day.hours)  # that one is older
    assert not sum(each.unfinished for each in day.hours)
