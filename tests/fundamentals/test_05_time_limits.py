"""A step's timeout ends its process, and the step is tried again."""

from __future__ import annotations

import time

from tests.support.live_sidecar import LiveSidecar
from tests.support.sink import Sink
from tests.support.waiting import wait_until

SLOW = '''"""A step that hangs the first time."""

from datetime import timedelta

from skills import Run, http, skill, step


@step(attempts=2, backoff=timedelta(milliseconds=10), timeout=timedelta(seconds=4))
def hang_once() -> int:
    count = int(http.post("http://HOST/hang").json()["count"])
    while count == 1:
        pass
    return count


@step(attempts=2, backoff=timedelta(milliseconds=10), timeout=timedelta(seconds=1))
def wait_for_the_world() -> int:
    return int(http.get("http://HOST/silent").json()["count"])


@skill(hosts=["HOST"])
def NAME(run: Run) -> int:
    return run.step(STEP)
'''


def slow(name: str, sink: Sink, step: str) -> str:
    return SLOW.replace("NAME", name).replace("STEP", step).replace("HOST", sink.host)


def test_a_steps_timeout_kills_the_process_and_the_step_is_tried_again(sidecar: LiveSidecar, sink: Sink) -> None:
    sidecar.put("hanging", slow("hanging", sink, "hang_once"))
    ended = sidecar.run("hanging")
    assert ended.output == 2
    (step,) = ended.steps
    assert [attempt.outcome for attempt in step.attempts] == ["timed out", "succeeded"]
    assert [attempt.outcome for attempt in ended.attempts] == ["timed out", "succeeded"]
    assert len({attempt.pid for attempt in ended.attempts}) == 2


def test_a_timeout_counts_the_time_that_the_world_takes(sidecar: LiveSidecar, sink: Sink) -> None:
    held = sink.hold("/silent")
    sidecar.put("silent", slow("silent", sink, "wait_for_the_world"))
    started = sidecar.client.run_skill("silent").id
    wait_until(lambda: sink.count("/silent") == 2, "the step is tried again while the first answer is still held")
    held.set()
    ended = sidecar.ended(started)
    assert ended.run.state == "succeeded"
    assert [attempt.outcome for attempt in ended.steps[0].attempts] == ["timed out", "succeeded"]


def test_a_step_that_is_too_slow_each_time_fails_the_run(sidecar: LiveSidecar, sink: Sink) -> None:
    text = slow("hopeless", sink, "hang_once").replace("while count == 1", "while count")
    sidecar.put("hopeless", text)
    ended = sidecar.run("hopeless")
    assert ended.run.error is not None
    assert ended.run.error.type == "StepTimeout"
    assert "longer than 4 s" in ended.run.error.message


MANY = '''"""Many steps, and something to do between each two of them, once they are remembered."""

from skills import Run, skill, step


@step
def count(number: int) -> int:
    return number


@skill()
def many(run: Run) -> int:
    for number in range(10):
        run.step(count, number)
        if run.attempt > 1:
            sum(1 for _ in range(NUMBERS))
    if run.attempt == 1:
        run.approve("Go on?")
    return 10
'''


def test_the_time_between_two_steps_begins_anew_with_a_step_that_is_remembered(sidecar: LiveSidecar) -> None:
    began = time.process_time()
    sum(1 for _ in range(5_000_000))
    a_second = int(5_000_000 / (time.process_time() - began))
    sidecar.put("many", MANY.replace("NUMBERS", str(a_second)))
    run = sidecar.client.run_skill("many").id
    sidecar.client.answer(sidecar.approval(run).id, "yes")
    ended = sidecar.ended(run)
    assert ended.run.error is None
    assert ended.output == 10
