"""A cancelled run ends at once, with its processes and with everything that it had started (I10)."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sidecar.caller import Caller, CommandRefused
from sidecar.checker.manifest import Every
from sidecar.client import Refused, views
from sidecar.commands.runs import RunCommands
from sidecar.journal.admission import create, new_run
from sidecar.journal.runs import end
from sidecar.moments import Moments
from sidecar.store.schema import audit
from tests.support.live_sidecar import LiveSidecar
from tests.support.sink import Sink
from tests.support.waiting import wait_until
from tests.triggers.stage import Stage

BUSY = '''"""Be busy."""

from skills import Run, http, skill, step


@step
def spin() -> int:
    while True:
        pass


@step
def ask_the_world() -> int:
    return http.get("http://HOST/cancelled").status


@skill(hosts=["HOST"])
def NAME(run: Run) -> int:
    return run.step(STEP)
'''


def cancel(sidecar: LiveSidecar, run: str) -> None:
    """As is promised, with its process."""
    pid = sidecar.worker(run)
    sidecar.client.cancel(run, "enough")
    wait_until(lambda: not Path(f"/proc/{pid}").exists(), "its process is gone", within=5)


def test_a_busy_run_is_cancelled_and_its_process_is_gone(sidecar: LiveSidecar) -> None:
    sidecar.put("spinner", BUSY.replace("NAME", "spinner").replace("STEP", "spin").replace("HOST", "127.0.0.1"))
    started = sidecar.client.run_skill("spinner").id
    wait_until(lambda: sidecar.client.run(started).steps, "its step runs")
    cancel(sidecar, started)
    ended = sidecar.client.run(started)
    assert (ended.run.state, ended.run.reason) == ("cancelled", "enough")
    assert [attempt.outcome for attempt in ended.attempts] == ["cancelled"]
    assert [step.state for step in ended.steps] == ["failed"]


def test_a_run_that_waits_for_the_world_is_cancelled(sidecar: LiveSidecar, sink: Sink) -> None:
    held = sink.hold("/cancelled")
    sidecar.put("asker", BUSY.replace("NAME", "asker").replace("STEP", "ask_the_world").replace("HOST", sink.host))
    started = sidecar.client.run_skill("asker").id
    wait_until(lambda: sink.count("/cancelled"), "the world was asked")
    cancel(sidecar, started)
    assert sidecar.state(started) == "cancelled"
    held.set()


def test_what_is_over_cannot_be_cancelled(sidecar: LiveSidecar) -> None:
    text = BUSY.replace("NAME", "quick").replace("run.step(STEP)", "1").replace("HOST", "127.0.0.1")
    sidecar.put("quick", text)
    ended = sidecar.run("quick")
    with pytest.raises(Refused, match="succeeded already"):
        sidecar.client.cancel(ended.run.id)


def test_the_next_run_starts_when_the_first_is_cancelled(sidecar: LiveSidecar) -> None:
    sidecar.put("in_line", BUSY.replace("NAME", "in_line").replace("STEP", "spin").replace("HOST", "127.0.0.1"))
    first, second = (sidecar.client.run_skill("in_line").id for _ in range(2))
    wait_until(lambda: sidecar.state(first) == "running", "the first runs")
    sidecar.client.cancel(first)
    wait_until(lambda: sidecar.state(second) == "running", "the second runs")
    sidecar.client.cancel(second)


class Idle:
    """A dispatcher that conducts nothing."""

    def start(self) -> None: ...

    def nudge(self) -> None: ...

    def stop_run(self, run: str) -> None: ...

    def stop(self) -> None: ...


def test_a_run_that_has_ended_by_then_is_not_cancelled_and_nothing_says_so(tmp_path: Path) -> None:
    with Stage(tmp_path, datetime(2026, 11, 21, tzinfo=UTC)) as stage, ThreadPoolExecutor(1) as another:
        stage.activate("report", Every(seconds=60))
        active, now = stage.registry.active("report"), stage.clock.now()
        assert active is not None
        new = new_run("report", active.version, active.manifest, trigger="call")
        run = stage.store.write(lambda connection: create(connection, new, now))
        commands = RunCommands(stage.store, stage.clock, Idle(), Moments())

        def ends(connection: Connection) -> Future[views.Run]:
            """While it does, a cancel has found it running, and waits for its turn to write."""
            asked = another.submit(commands.cancel, Caller("person"), run)
            wait_until(lambda: stage.store._waiting, "it waits")
            end(connection, run, "succeeded", now)
            return asked

        asked = stage.store.write(ends)
        with pytest.raises(CommandRefused, match=f"run {run} is succeeded already"):
            asked.result()
        assert not stage.store.rows(sa.select(audit).where(audit.c.what == "cancel"))
