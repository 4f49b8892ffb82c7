"""A run that is not over at its deadline fails, whatever it is at, with everything that belongs to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.client import views
from tests.support.live_sidecar import LiveSidecar
from tests.support.waiting import wait_until

DUE = '''"""Take longer than it may."""

from datetime import timedelta

from skills import Failure, Run, Skill, StepFailed, skill, step


@step
def spin() -> int:
    while True:
        pass


@skill(deadline=timedelta(seconds=SECONDS))
def NAME(run: Run) -> str:
    HOLD
    return "done"


@NAME.on_failure
def tell(run: Run, failure: Failure) -> None:
    run.notify("#ops", f"{failure.type}: {failure.message}")
'''


def due(name: str, hold: str, seconds: float = 2) -> str:
    return DUE.replace("NAME", name).replace("HOLD", hold).replace("SECONDS", str(seconds))


def missed(sidecar: LiveSidecar, run: str) -> views.RunDetail:
    """Wait for its end, and for what is said of it."""
    ended = sidecar.ended(run)
    assert ended.run.error is not None
    assert ended.run.error.type == "DeadlineExceeded"
    assert ended.run.ended_at is not None
    assert (ended.run.ended_at - ended.run.created_at).total_seconds() >= 2, "never early"
    told = f"#ops: DeadlineExceeded: {ended.run.error.message}"
    wait_until(
        lambda: [child.told for child in sidecar.client.run(run).children] == [(told,)], "on_failure has told it"
    )
    return ended


def test_a_busy_run_fails_at_its_deadline_and_its_process_is_gone(sidecar: LiveSidecar) -> None:
    sidecar.put("due_busy", due("due_busy", "run.step(spin)"))
    run = sidecar.client.run_skill("due_busy").id
    pid = sidecar.worker(run)
    ended = missed(sidecar, run)
    wait_until(lambda: not Path(f"/proc/{pid}").exists(), "its process is gone", within=5)
    assert ended.run.error is not None
    assert ended.run.error.message == "it was not over 2 s after it was made: the skill's deadline"
    assert [attempt.outcome for attempt in ended.attempts] == ["timed out"]
    assert [step.error.type for step in ended.steps if step.error] == ["DeadlineExceeded"]


@pytest.mark.parametrize(
    ("name", "hold"), [("due_asking", 'run.approve("Go on?")'), ("due_asleep", "run.sleep(timedelta(hours=1))")]
)
def test_a_run_that_waits_fails_at_its_deadline(sidecar: LiveSidecar, name: str, hold: str) -> None:
    sidecar.put(name, due(name, hold))
    ended = missed(sidecar, sidecar.client.run_skill(name).id)
    assert [attempt.outcome for attempt in ended.attempts] == ["suspended"]
    assert not [approval for approval in sidecar.client.approvals() if approval.skill == name]


def test_a_run_that_is_queued_fails_at_its_deadline(sidecar: LiveSidecar) -> None:
    sidecar.put("due_queued", due("due_queued", 'run.approve("Go on?")', seconds=3600))
    first = sidecar.client.run_skill("due_queued").id
    sidecar.waits(first, "approve")
    sidecar.put("due_queued", due("due_queued", 'run.approve("Go on?")'))
    ended = missed(sidecar, sidecar.client.run_skill("due_queued").id)
    assert (ended.attempts, sidecar.state(first)) == ((), "waiting")


def test_its_sub_runs_are_cancelled(sidecar: LiveSidecar) -> None:
    sidecar.put("due_below", due("due_below", "run.step(spin)", seconds=3600))
    sidecar.put("due_above", due("due_above", 'run.invoke(Skill.named("due_below", returns=str))'))
    run = sidecar.client.run_skill("due_above").id
    (below,) = wait_until(lambda: sidecar.client.runs(skill="due_below", state="running"), "the sub-run runs")
    pid = sidecar.worker(below.id)
    sidecar.ended(run)
    ended = sidecar.client.run(below.id).run
    assert (ended.state, ended.reason) == ("cancelled", f"its parent {run} missed its deadline")
    wait_until(lambda: not Path(f"/proc/{pid}").exists(), "its process is gone", within=5)


def test_a_deadline_that_passes_while_nobody_is_there_holds_at_the_next_start(sidecar: LiveSidecar) -> None:
    sidecar.put("due_restart", due("due_restart", 'run.approve("Go on?")', seconds=3))
    run = sidecar.client.run_skill("due_restart").id
    sidecar.waits(run, "approve")
    sidecar.kill()
    sidecar.start()
    missed(sidecar, run)


def test_who_is_in_time_is_left_alone(sidecar: LiveSidecar) -> None:
    sidecar.put("in_time", due("in_time", "run.sleep(timedelta(milliseconds=10))", seconds=600))
    assert sidecar.run("in_time").output == "done"
