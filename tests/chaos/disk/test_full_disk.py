"""A full disk costs time, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from sidecar.store.schema import runs
from tests.chaos.disk.faults import Breakage, Control
from tests.chaos.quick_sidecar import QuickSidecar
from tests.support.sink import Sink
from tests.support.sqlite_disk import FULL
from tests.support.waiting import wait_until

ONCE = '''"""Once."""

from datetime import datetime
from zoneinfo import ZoneInfo

from skills import Run, at, skill


@skill(on=at(datetime(DUE, tzinfo=ZoneInfo("UTC"))))
def once(run: Run) -> str:
    return "it was time"
'''

ASKS = '''"""One step."""

from skills import Run, http, skill, step


@step
def call() -> int:
    return http.post("http://HOST/asked").raise_for_status().status


@skill(hosts=["HOST"])
def asks(run: Run) -> int:
    return run.step(call)
'''

SAYS_TOO_MUCH = '''"""One step, with more to say than a message may have."""

import time

from skills import Run, skill, step


@step
def speak() -> str:
    time.sleep(5)
    return "x" * 20 * 1024**2


@skill()
def says_too_much(run: Run) -> str:
    return run.step(speak)
'''

PLAIN = '''"""Nothing to it."""

from skills import Run, skill


@skill(concurrency=3)
def plain(run: Run) -> str:
    return "done"
'''

FULL_DISK = Breakage(code=FULL, operations=("write",))


@pytest.fixture
def control(tmp_path: Path) -> Control:
    return Control(tmp_path / "disk")


@pytest.fixture
def sidecar(tmp_path: Path, control: Control) -> Iterator[QuickSidecar]:
    with QuickSidecar(tmp_path, chaos_disk=str(control.file)) as live:
        yield live


def test_a_slot_that_came_while_the_disk_was_full_fires_when_there_is_room(
    sidecar: QuickSidecar, control: Control
) -> None:
    """It is the only one of its schedule: no later one would look for it."""
    due = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=25)
    sidecar.put("once", ONCE.replace("DUE", f"{due:%Y, %-m, %-d, %-H, %-M, %-S}"))
    control.break_(FULL_DISK)
    wait_until(lambda: control.has_failed and sidecar.client.status().degraded, "its row finds no room", within=60)
    assert [each.state for each in sidecar.client.doctor() if each.name == "store"] == ["error"]
    control.mend()
    wait_until(lambda: [run.state for run in sidecar.client.runs(skill="once")] == ["succeeded"], "it has fired")
    assert sidecar.client.status().degraded is None


def test_a_run_outlasts_a_disk_that_is_full_again_and_again(
    sidecar: QuickSidecar, control: Control, sink: Sink
) -> None:
    """Each time its attempt breaks off, with the step done and not on disk. That is not held against the run."""
    sidecar.put("asks", ASKS.replace("HOST", sink.host))
    answering = sink.hold("/asked")
    run = sidecar.client.run_skill("asks").id
    for times in range(1, 5):
        wait_until(lambda times=times: sink.count("/asked") == times, f"it is tried for the {times}. time", within=60)  # type: ignore[misc] # bound here
        control.break_(FULL_DISK)
        answering.set()
        wait_until(lambda: control.has_failed, "what it got is not on disk")
        answering.clear()
        control.mend()
    answering.set()
    assert sidecar.ended(run).output == 200
    (row,) = sidecar.query(sa.select(runs.c.deaths, runs.c.attempts).where(runs.c.id == run))
    assert (row.deaths, row.attempts) == (0, 5)


def test_a_run_whose_failure_finds_no_room_has_not_lost_its_worker(sidecar: QuickSidecar, control: Control) -> None:
    sidecar.put("says_too_much", SAYS_TOO_MUCH)
    run = sidecar.client.run_skill("says_too_much").id
    wait_until(lambda: [step.name for step in sidecar.client.run(run).steps] == ["speak"], "its step has begun")
    control.break_(FULL_DISK)
    wait_until(lambda: control.has_failed, "that it has failed is not on disk", within=60)
    control.mend()
    ended = sidecar.ended(run)
    assert ended.run.error is not None
    assert ended.run.error.type == "LineTooLong"
    (row,) = sidecar.query(sa.select(runs.c.deaths, runs.c.attempts).where(runs.c.id == run))
    assert (row.deaths, row.attempts) == (0, 2)


def test_a_run_outlasts_a_disk_that_has_no_room_for_its_workers_folder(sidecar: QuickSidecar) -> None:
    """Of the files and folders on it there is one too many: here, one that is in the way."""
    sidecar.put("plain", PLAIN)
    scratch = sidecar.workspace / ".tend" / "scratch"
    aside = scratch.rename(scratch.with_name("aside"))
    scratch.touch()
    started = [sidecar.client.run_skill("plain").id for _ in range(3)]
    tried = sa.select(runs.c.id).where(runs.c.attempts >= 4)
    wait_until(lambda: len(list(sidecar.query(tried))) >= 2, "two are tried again and again", within=30)
    scratch.unlink()
    aside.rename(scratch)
    assert [sidecar.ended(run).output for run in started] == ["done"] * 3
    (row,) = sidecar.query(sa.select(sa.func.sum(runs.c.deaths).label("deaths")).where(runs.c.id.in_(started)))
    assert row.deaths == 0
