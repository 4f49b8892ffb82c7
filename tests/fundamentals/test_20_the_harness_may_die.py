"""People's processes may die, and settings may change: schedules go on, runs end, nothing is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.demo.scripted_model import Turn
from sidecar.client import Client, NotRunning
from tests.support.live_sidecar import LiveSidecar
from tests.support.talking_model import TalkingModel
from tests.support.waiting import wait_until

TICKING = '''"""Count the seconds."""
from datetime import timedelta

from skills import Run, every, skill


@skill(on=every(timedelta(seconds=1)))
def ticking(run: Run) -> str:
    run.sleep(timedelta(seconds=0.2))
    return run.now.isoformat()
'''

SLEEPING = '''"""Sleep through a change of settings."""
from datetime import timedelta

from skills import Run, skill, step


@step
def before() -> str:
    return "before"


@skill()
def sleeping(run: Run) -> str:
    said = run.step(before)
    run.sleep(timedelta(seconds=3))
    return said
'''


class Up:
    """`tend up` as a person starts it."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._environment = environment
        self._tend = Path(sys.executable).with_name("tend")
        self._workspace = folder / "workspace"

    def start(self, **settings: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [self._tend, "--workspace", self._workspace, "up"],
            env=self._environment | settings,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


@pytest.fixture
def place(tmp_path: Path) -> Iterator[LiveSidecar]:
    """A workspace whose sidecar is started by `tend up`; whatever still runs in the end is stopped."""
    live = LiveSidecar(tmp_path)
    live.log = live.workspace / ".tend" / "sidecar.log"
    try:
        yield live
    finally:
        for pid in _sidecars(live.client):
            os.kill(pid, signal.SIGTERM)
            wait_until(lambda: not live.answers(), "the sidecar has stopped")
        live.__exit__(None, None, None)


def test_schedules_go_on_without_the_harness_and_with_another_model(place: LiveSidecar, model: TalkingModel) -> None:
    model.play("who are you?", Turn(text="A script."))
    place.environment["TEND_BASE_URL"] = model.base_url
    up = Up(place.folder, place.environment)
    first = up.start(TEND_MODEL_WRITE="one-model")
    wait_until(place.answers, "the sidecar answers")
    place.put("ticking", TICKING)
    place.put("sleeping", SLEEPING)
    run = place.client.run_skill("sleeping").id
    place.waits(run, "sleep")

    first.kill()
    first.wait()
    seen = len(place.client.runs(skill="ticking"))
    wait_until(lambda: len(place.client.runs(skill="ticking")) >= seen + 2, "the schedule goes on without the harness")

    (pid,) = _sidecars(place.client)
    os.kill(pid, signal.SIGTERM)
    wait_until(lambda: not place.answers(), "the sidecar has stopped")
    second = up.start(TEND_MODEL_WRITE="another-model")
    wait_until(place.answers, "the sidecar answers again")

    assert place.client.status().model == "another-model"
    reply = place.ended(place.client.send("who are you?").id)
    assert isinstance(reply.output, dict)
    assert reply.output["text"] == "A script."
    assert model.requests("who are you?")[-1]["model"] == "another-model"
    ended = place.ended(run)
    assert (ended.run.state, ended.output) == ("succeeded", "before")
    assert [len(step.attempts) for step in ended.steps if step.name == "before"] == [1]
    after = len(place.client.runs(skill="ticking"))
    wait_until(lambda: len(place.client.runs(skill="ticking")) > after, "the schedule goes on with another model")

    second.send_signal(signal.SIGTERM)
    assert second.wait(20) == 0


def _sidecars(client: Client) -> list[int]:
    try:
        return [client.status().pid]
    except NotRunning:
        return []
