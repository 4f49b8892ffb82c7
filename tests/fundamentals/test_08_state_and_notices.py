"""State is published by a run that ends well; a notice is sent once; `on_failure` speaks when a run has failed."""

from __future__ import annotations

from tests.support.live_sidecar import LiveSidecar

COUNTER = '''"""Count the runs that end well."""

from pydantic import BaseModel

from skills import Failure, Run, skill


class Order(BaseModel):
    fail: bool
    wait: bool = False


@skill()
def NAME(run: Run, order: Order) -> int:
    count = run.state.get("count", int, 0) + 1
    run.state.put("count", count)
    assert run.state.get("count", int) == count, "a run sees what it put"
    run.notify("#counts", f"NAME {count}")
    if order.wait:
        run.approve("Go on?")
    if order.fail:
        raise RuntimeError("as ordered")
    return count


@NAME.on_failure
def tell(run: Run, failure: Failure) -> None:
    run.notify("#ops", f"NAME failed: {failure.type}: {failure.message}")
'''


def notices(sidecar: LiveSidecar, skill: str) -> list[str]:
    """What the skill itself said, oldest first."""
    told = reversed(sidecar.client.notices())
    return [notice.text for notice in told if notice.skill == skill and notice.kind == "said"]


def test_state_is_published_only_by_a_run_that_ends_well(sidecar: LiveSidecar) -> None:
    sidecar.put("counter", COUNTER.replace("NAME", "counter"))
    assert sidecar.run("counter", {"fail": False}).output == 1
    assert sidecar.run("counter", {"fail": True}).run.state == "failed"
    assert sidecar.run("counter", {"fail": False}).output == 2


def test_a_notice_is_sent_once_however_often_the_body_runs(sidecar: LiveSidecar) -> None:
    sidecar.put("notifier", COUNTER.replace("NAME", "notifier"))
    started = sidecar.client.run_skill("notifier", {"fail": False, "wait": True}).id
    question = sidecar.approval(started)
    sidecar.kill()
    sidecar.start()
    sidecar.client.answer(question.id, "yes")
    assert sidecar.ended(started).run.attempts >= 2
    assert notices(sidecar, "notifier") == ["notifier 1"]


def test_on_failure_runs_once_after_the_last_attempt_with_the_input_intact(sidecar: LiveSidecar) -> None:
    sidecar.put("teller", COUNTER.replace("NAME", "teller"))
    failed = sidecar.run("teller", {"fail": True})
    (handler,) = [run for run in sidecar.client.runs(skill="teller") if run.trigger == "on_failure"]
    told = sidecar.ended(handler.id)
    assert told.run.state == "succeeded"
    assert told.run.parent == failed.run.id
    assert told.input == failed.input == {"fail": True}
    assert notices(sidecar, "teller") == ["teller 1", "teller failed: RuntimeError: as ordered"]


PAIR = '''"""Keep two values."""

from skills import Run, skill


@skill(concurrency=2)
def pair(run: Run, wait: bool) -> dict[str, int]:
    kept = {name: run.state.get(name, int, 0) for name in ("first", "second")}
    if wait:
        run.approve("Go on?")
        run.state.put("first", 100)
    run.state.put("second", kept["second"] + 1)
    return kept
'''


def test_a_run_that_comes_too_late_with_one_value_publishes_none(sidecar: LiveSidecar) -> None:
    sidecar.put("pair", PAIR)
    late = sidecar.client.run_skill("pair", True).id
    question = sidecar.approval(late)
    assert sidecar.run("pair", False).run.state == "succeeded"
    sidecar.client.answer(question.id, "yes")
    error = sidecar.ended(late).run.error
    assert error is not None
    assert error.type == "StateConflict"
    assert sidecar.run("pair", False).output == {"first": 0, "second": 1}
