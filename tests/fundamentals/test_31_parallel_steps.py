"""`run.map`: one step for many items, side by side; each is remembered, tried again and timed by itself."""

from __future__ import annotations

import os
import signal

from tests.support.live_sidecar import LiveSidecar
from tests.support.sink import Sink
from tests.support.waiting import wait_until

MANY = '''"""Ask the world about many things at once."""

import time
from datetime import timedelta

from skills import Run, StepFailed, http, skill, step


@step
def ask(path: str) -> str:
    http.post(f"http://HOST/NAME/{path}").raise_for_status()
    return path.upper()


@step(attempts=2, backoff=timedelta(seconds=BACKOFF), timeout=timedelta(seconds=5))
def ask_twice(path: str) -> str:
    http.post(f"http://HOST/NAME/{path}").raise_for_status()
    return path.upper()


@step(attempts=2, backoff=timedelta(milliseconds=10), timeout=timedelta(seconds=3))
def ask_in_time(path: str) -> str:
    if path == "b":
        time.sleep(1.5)
    http.post(f"http://HOST/NAME/{path}").raise_for_status()
    return path.upper()


@skill(hosts=["HOST"])
def NAME(run: Run) -> list[str]:
    BODY
'''


def many(name: str, sink: Sink, body: str, *, backoff: float = 0.01) -> str:
    text = MANY.replace("NAME", name).replace("BODY", body).replace("HOST", sink.host)
    return text.replace("BACKOFF", str(backoff))


def test_items_run_side_by_side_and_their_results_come_in_order(sidecar: LiveSidecar, sink: Sink) -> None:
    first = sink.hold("/side/a")
    sidecar.put("side", many("side", sink, 'return run.map(ask, ["a", "b", "c"])'))
    started = sidecar.client.run_skill("side").id
    wait_until(lambda: sink.count("/side/c"), "the others are asked while the first one still waits")
    first.set()
    ended = sidecar.ended(started)
    assert ended.output == ["A", "B", "C"]
    assert {step.occurrence: step.result for step in ended.steps} == {0: "A", 1: "B", 2: "C"}


def test_no_more_than_at_once_are_under_way(sidecar: LiveSidecar, sink: Sink) -> None:
    held = [sink.hold("/bound/a"), sink.hold("/bound/b")]
    sidecar.put("bound", many("bound", sink, 'return run.map(ask, ["a", "b", "c"], at_once=2)'))
    started = sidecar.client.run_skill("bound").id
    wait_until(lambda: sink.count("/bound/a") and sink.count("/bound/b"), "two are under way")
    wait_until(lambda: len(sidecar.client.run(started).steps) >= 2, "they are on record")
    assert {step.occurrence for step in sidecar.client.run(started).steps} == {0, 1}
    assert sink.count("/bound/c") == 0
    for one in held:
        one.set()
    assert sidecar.ended(started).output == ["A", "B", "C"]


def test_after_a_crash_only_the_items_that_had_not_ended_begin_again(sidecar: LiveSidecar, sink: Sink) -> None:
    middle = sink.hold("/killed/b")
    sidecar.put("killed", many("killed", sink, 'return run.map(ask, ["a", "b", "c"], at_once=2)'))
    started = sidecar.client.run_skill("killed").id
    wait_until(lambda: _ended_steps(sidecar, started) == 2, "the items around the one that is held have ended")
    pid = wait_until(lambda: sidecar.client.run(started).attempts[-1].pid, "its process is known")
    os.kill(pid, signal.SIGKILL)
    middle.set()
    assert sidecar.ended(started).output == ["A", "B", "C"]
    assert [sink.count(f"/killed/{item}") for item in "abc"] == [1, 2, 1]


def test_a_failing_item_lets_the_others_end_and_then_fails_the_run(sidecar: LiveSidecar, sink: Sink) -> None:
    sink.replies["/failing/b"].append((403, {}))
    sidecar.put("failing", many("failing", sink, 'return run.map(ask, ["a", "b", "c"], at_once=1)'))
    ended = sidecar.run("failing")
    assert ended.run.error is not None
    assert ended.run.error.type == "BadStatus"
    assert [step.state for step in ended.steps] == ["succeeded", "failed", "succeeded"]


def test_failures_can_be_returned_among_the_results(sidecar: LiveSidecar, sink: Sink) -> None:
    sink.replies["/returned/b"].append((403, {}))
    body = """
    ended = run.map(ask, ["a", "b", "c"], failures="return")
    return [each.type if isinstance(each, StepFailed) else each for each in ended]"""
    sidecar.put("returned", many("returned", sink, body))
    assert sidecar.run("returned").output == ["A", "BadStatus", "C"]


def test_an_item_that_waits_long_for_its_next_try_holds_up_no_other(sidecar: LiveSidecar, sink: Sink) -> None:
    sink.replies["/patient/a"].append((503, {}))
    body = 'return run.map(ask_twice, ["a", "b", "c"], at_once=1)'
    sidecar.put("patient", many("patient", sink, body, backoff=12.0))
    waiting = sidecar.waits(sidecar.client.run_skill("patient").id, "retry")
    assert waiting.attempts[0].outcome == "suspended"
    assert [step.state for step in waiting.steps] == ["retrying", "succeeded", "succeeded"]
    assert sidecar.ended(waiting.run.id).output == ["A", "B", "C"]
    assert [sink.count(f"/patient/{item}") for item in "abc"] == [2, 1, 1]


def test_an_item_whose_time_is_up_is_tried_again_and_the_others_lose_no_try(sidecar: LiveSidecar, sink: Sink) -> None:
    held = [sink.hold("/overdue/a"), sink.hold("/overdue/c")]
    sidecar.put("overdue", many("overdue", sink, 'return run.map(ask_in_time, ["a", "b", "c"], at_once=2)'))
    started = sidecar.client.run_skill("overdue").id
    wait_until(lambda: sink.count("/overdue/a") == 2 and sink.count("/overdue/c") == 2, "they are asked again")
    for one in held:
        one.set()
    ended = sidecar.ended(started)
    assert ended.output == ["A", "B", "C"]
    outcomes = {step.occurrence: [attempt.outcome for attempt in step.attempts] for step in ended.steps}
    assert outcomes == {0: ["timed out", "succeeded"], 1: ["succeeded"], 2: ["lost", "succeeded"]}


def test_other_items_than_before_stop_the_replay(sidecar: LiveSidecar, sink: Sink) -> None:
    body = """
    items = ["a", "b"] if run.attempt == 1 else ["b", "a"]
    done = run.map(ask, items)
    run.approve("Go on?")
    return done"""
    sidecar.put("shuffled", many("shuffled", sink, body))
    started = sidecar.client.run_skill("shuffled").id
    sidecar.client.answer(sidecar.approval(started).id, "yes")
    ended = sidecar.ended(started)
    assert ended.run.error is not None
    assert ended.run.error.type == "ReplayMismatch"


def test_a_map_can_be_cancelled(sidecar: LiveSidecar, sink: Sink) -> None:
    held = sink.hold("/stopped/a")
    sidecar.put("stopped", many("stopped", sink, 'return run.map(ask, ["a", "b"])'))
    started = sidecar.client.run_skill("stopped").id
    wait_until(lambda: sink.count("/stopped/a"), "an item is under way")
    assert sidecar.client.cancel(started).state == "cancelled"
    held.set()


def _ended_steps(sidecar: LiveSidecar, run: str) -> int:
    return sum(step.state == "succeeded" for step in sidecar.client.run(run).steps)
