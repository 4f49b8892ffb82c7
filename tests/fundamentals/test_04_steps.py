"""A finished step never runs again in its run: its result is remembered, and typed."""

from __future__ import annotations

from tests.support.live_sidecar import LiveSidecar
from tests.support.sink import Sink


def counted(name: str, sink: Sink, body: str) -> str:
    return f'''"""Steps that the world counts."""

from datetime import date, timedelta
from decimal import Decimal

from pydantic import BaseModel

from skills import Run, http, skill, step


class Price(BaseModel):
    euros: Decimal
    on: date


@step(attempts=3, backoff=timedelta(milliseconds=10))
def ask_world(path: str) -> int:
    return int(http.post(f"http://{sink.host}/{{path}}").raise_for_status().json()["count"])


@step
def price() -> Price:
    return Price(euros=Decimal("12.50"), on=date(2026, 11, 21))


@skill(hosts=["{sink.host}"])
def {name}(run: Run) -> str:
{body}
'''


def test_steps_are_remembered_and_replayed_after_a_wait(sidecar: LiveSidecar, sink: Sink) -> None:
    body = """
    first = run.step(ask_world, "remembered")
    run.approve("Go on?")
    again = run.step(ask_world, "remembered")
    return f"{first} {again}" """
    sidecar.put("remembered", counted("remembered", sink, body))
    started = sidecar.client.run_skill("remembered").id
    sidecar.client.answer(sidecar.approval(started).id, "yes")
    ended = sidecar.ended(started)
    assert ended.output == "1 2"
    assert sink.count("/remembered") == 2
    assert ended.run.attempts == 2


def test_a_replayed_result_has_the_declared_type(sidecar: LiveSidecar, sink: Sink) -> None:
    body = """
    before = run.step(price)
    run.approve("Go on?")
    assert isinstance(before, Price), type(before)
    return f"{before.euros + 1} {before.on.isoformat()} {type(before.euros).__name__}" """
    sidecar.put("typed", counted("typed", sink, body))
    started = sidecar.client.run_skill("typed").id
    sidecar.client.answer(sidecar.approval(started).id, "yes")
    assert sidecar.ended(started).output == "13.50 2026-11-21 Decimal"


def test_a_failing_step_is_tried_again_with_growing_pauses(sidecar: LiveSidecar, sink: Sink) -> None:
    sink.replies["/flaky"].extend([(503, {}), (503, {})])
    sidecar.put("flaky", counted("flaky", sink, '    return str(run.step(ask_world, "flaky"))'))
    ended = sidecar.run("flaky")
    assert ended.output == "3"
    (step,) = ended.steps
    assert [attempt.outcome for attempt in step.attempts] == ["failed", "failed", "succeeded"]
    assert "503" in (step.attempts[0].error.message if step.attempts[0].error else "")
    assert ended.run.attempts == 1, "short pauses are taken in the worker"


def test_after_the_last_try_the_run_fails_with_the_steps_error(sidecar: LiveSidecar, sink: Sink) -> None:
    sink.replies["/down"].extend([(503, {})] * 3)
    sidecar.put("down", counted("down", sink, '    return str(run.step(ask_world, "down"))'))
    ended = sidecar.run("down")
    assert ended.run.state == "failed"
    assert ended.run.error is not None
    assert ended.run.error.type == "BadStatus"
    assert sink.count("/down") == 3


def test_what_another_try_cannot_mend_is_not_tried_again(sidecar: LiveSidecar, sink: Sink) -> None:
    sink.replies["/forbidden"].append((403, {}))
    sidecar.put("forbidden", counted("forbidden", sink, '    return str(run.step(ask_world, "forbidden"))'))
    assert sidecar.run("forbidden").run.state == "failed"
    assert sink.count("/forbidden") == 1


def test_a_host_that_was_not_declared_is_refused(sidecar: LiveSidecar, sink: Sink) -> None:
    text = counted("elsewhere", sink, '    return str(run.step(ask_world, "elsewhere"))')
    sidecar.put("elsewhere", text.replace(f'hosts=["{sink.host}"]', 'hosts=["example.com"]'))
    ended = sidecar.run("elsewhere")
    assert ended.run.error is not None
    assert ended.run.error.type == "EffectFailed"
    assert "hosts" in ended.run.error.message
    assert sink.count("/elsewhere") == 0


def test_a_log_line_that_a_replay_says_again_is_kept_once(sidecar: LiveSidecar, sink: Sink) -> None:
    body = """
    run.log("before the wait", n=1)
    run.approve("Go on?")
    run.log("after the wait")
    return "done" """
    sidecar.put("logged", counted("logged", sink, body))
    started = sidecar.client.run_skill("logged").id
    sidecar.client.answer(sidecar.approval(started).id, "yes")
    assert [line.message for line in sidecar.ended(started).logs] == ["before the wait", "after the wait"]
