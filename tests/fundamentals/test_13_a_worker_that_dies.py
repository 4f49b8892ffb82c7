"""A worker that dies costs nobody else anything; its run is tried again, and fails when that is hopeless."""

from __future__ import annotations

import os
import signal

import sqlalchemy as sa

from sidecar.store.schema import versions
from tests.support.live_sidecar import LiveSidecar
from tests.support.sink import Sink
from tests.support.waiting import wait_until

MORTAL = '''"""Count, hold, and perhaps die."""

from collections.abc import Iterator

from skills import Run, http, skill, step


@step
def count(path: str) -> int:
    return int(http.post(f"http://HOST/{path}").json()["count"])


@step
def segfault() -> int:
    deep: Iterator[int] = iter(())
    for _ in range(200_000):
        deep = filter(bool, deep)
    return next(deep, 1)  # overflows the interpreter's own stack


@step
def hoard() -> int:
    return len(bytearray(8 * 1024**3))


@skill(hosts=["HOST"])
def NAME(run: Run) -> int:
    run.step(count, "NAME-before")
    return run.step(BODY)
'''


def mortal(name: str, sink: Sink, body: str) -> str:
    return MORTAL.replace("NAME", name).replace("BODY", body).replace("HOST", sink.host)


def test_a_killed_worker_is_replaced_and_its_finished_steps_are_not_repeated(sidecar: LiveSidecar, sink: Sink) -> None:
    held = sink.hold("/killed-after")
    sidecar.put("killed", mortal("killed", sink, 'count, "killed-after"'))
    started = sidecar.client.run_skill("killed").id
    wait_until(lambda: sink.count("/killed-after"), "the second step is under way")
    os.kill(sidecar.worker(started), signal.SIGKILL)
    held.set()
    ended = sidecar.ended(started)
    assert ended.run.state == "succeeded"
    assert sink.count("/killed-before") == 1
    assert sink.count("/killed-after") == 2
    assert [attempt.outcome for attempt in ended.attempts] == ["lost", "succeeded"]


def test_a_worker_that_dies_each_time_fails_its_run_and_leaves_the_others_alone(
    sidecar: LiveSidecar, sink: Sink
) -> None:
    sidecar.put("dying", mortal("dying", sink, "segfault"))
    sidecar.put("healthy", mortal("healthy", sink, 'count, "healthy"'))
    dying = sidecar.client.run_skill("dying").id
    assert sidecar.run("healthy").run.state == "succeeded"
    ended = sidecar.ended(dying)
    assert ended.run.error is not None
    assert ended.run.error.type == "WorkerDied"
    assert "signal 11" in ended.run.error.message
    assert [attempt.outcome for attempt in ended.attempts] == ["lost"] * 3
    assert sink.count("/dying-before") == 1
    assert sidecar.run("healthy").run.state == "succeeded"


def test_too_much_memory_is_an_error_of_the_step(sidecar: LiveSidecar, sink: Sink) -> None:
    sidecar.put("hoarder", mortal("hoarder", sink, "hoard"))
    ended = sidecar.run("hoarder")
    assert ended.run.error is not None
    assert ended.run.error.type == "MemoryError"
    assert ended.run.error.traceback


PATIENT = '''"""Wait for a person, again and again."""

from skills import Run, skill


@skill()
def patient(run: Run) -> int:
    return sum(bool(run.approve(f"Go on to {number}?")) for number in range(5))
'''


def test_what_the_sidecar_answers_is_progress_too(sidecar: LiveSidecar) -> None:
    """A worker may die between any two questions, however often in a long life."""
    sidecar.put("patient", PATIENT)
    run = sidecar.client.run_skill("patient").id
    for _ in range(4):
        question = sidecar.approval(run)
        sidecar.failpoints.strike("worker.start")
        sidecar.client.answer(question.id, "yes")
        wait_until(lambda: sidecar.failpoints.struck, "its worker is killed")
    sidecar.client.answer(sidecar.approval(run).id, "yes")
    ended = sidecar.ended(run)
    assert ended.output == 5
    assert [attempt.outcome for attempt in ended.attempts].count("lost") == 4


ASKING = '''"""Ask, and go on."""

from skills import Run, skill


@skill()
def asking(run: Run) -> str:
    return f"NUMBER {bool(run.approve('Go on?'))}"
'''


def test_a_run_whose_version_cannot_be_read_fails_and_holds_up_no_other(sidecar: LiveSidecar, sink: Sink) -> None:
    """As after going back to an older Tend. (I13)"""
    sidecar.put("beside", mortal("beside", sink, 'count, "beside"'))
    old = sidecar.put("asking", ASKING.replace("NUMBER", "1"))
    run = sidecar.client.run_skill("asking").id
    question = sidecar.approval(run)
    sidecar.put("asking", ASKING.replace("NUMBER", "2"))
    sidecar.stop()
    sidecar.change_store(sa.update(versions).where(versions.c.hash == old).values(manifest={"from": "another Tend"}))
    sidecar.start()
    sidecar.client.answer(question.id, "yes")
    beside = sidecar.client.run_skill("beside").id
    assert sidecar.ended(beside).run.state == "succeeded"
    failed = sidecar.ended(run)
    assert failed.run.error is not None
    assert failed.run.error.type == "WorkerDied"
