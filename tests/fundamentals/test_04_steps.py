"""A finished step never runs again in its run: its result is remembered, and typed."""

from __future__ import annotations

import time

import sqlalchemy as sa

from sidecar.store.schema import runs, steps
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


def test_what_steps_print_is_kept_of_each_attempt(sidecar: LiveSidecar, sink: Sink) -> None:
    body = """
    run.step(say, "first")
    run.log("body")
    run.approve("Go on?")
    run.step(say, "second")
    return "done" """
    printing = """@step
def say(text: str) -> None:
    print(text)
    print("the", text, end="")


@skill("""
    sidecar.put("printed", counted("printed", sink, body).replace("@skill(", printing))
    started = sidecar.client.run_skill("printed").id
    sidecar.client.answer(sidecar.approval(started).id, "yes")
    said = [line.message for line in sidecar.ended(started).logs]
    assert said == ["first", "body", "the first", "second", "the second"]


PAUSING = '''"""Try again later."""

from datetime import timedelta

from skills import Run, http, skill, step


@step(attempts=3, backoff=timedelta(seconds=SECONDS))
def ask_world() -> int:
    return int(http.post("http://HOST/NAME").raise_for_status().json()["count"])


@skill(hosts=["HOST"])
def NAME(run: Run) -> int:
    return run.step(ask_world)
'''


def test_a_long_pause_before_the_next_try_goes_on_over_a_restart(sidecar: LiveSidecar, sink: Sink) -> None:
    sink.replies["/pausing"].append((503, {}))
    text = PAUSING.replace("NAME", "pausing").replace("HOST", sink.host)
    sidecar.put("pausing", text.replace("SECONDS", "3600"))
    run = sidecar.client.run_skill("pausing").id
    before = sidecar.waits(run, "retry").run
    assert before.wake_at is not None
    pause = (before.wake_at - before.created_at).total_seconds()
    assert 150 <= pause < 360, "five minutes at most, half of it at least: jitter"
    sidecar.kill()
    sidecar.start()
    assert sidecar.client.run(run).run.wake_at == before.wake_at, "it was computed once"
    sidecar.stop()
    now = time.time()
    sidecar.change_store(sa.update(runs).where(runs.c.id == run).values(wake_at=now))
    sidecar.change_store(sa.update(steps).where(steps.c.run == run).values(wake_at=now))
    sidecar.start()
    ended = sidecar.ended(run)
    assert ended.output == 2
    assert [attempt.outcome for attempt in ended.steps[0].attempts] == ["failed", "succeeded"]


def test_a_result_that_is_not_of_its_type_is_not_stored_and_not_tried_again(sidecar: LiveSidecar, sink: Sink) -> None:
    text = counted("mistyped", sink, '    return str(run.step(lying, "mistyped"))')
    lying = """
@step(attempts=3)
def lying(path: str) -> int:
    reply: Any = http.post(f"http://HOST/{path}").text
    number: int = reply
    return number


@skill("""
    text = text.replace("@skill(", lying.lstrip().replace("HOST", sink.host))
    sidecar.put(
        "mistyped", text.replace("from datetime import date", "from typing import Any\nfrom datetime import date")
    )
    ended = sidecar.run("mistyped")
    assert ended.run.error is not None
    assert ended.run.error.type == "WrongType"
    assert (ended.steps[0].state, ended.steps[0].result) == ("failed", None)
    assert sink.count("/mistyped") == 1


def test_a_write_carries_one_key_over_its_tries_and_an_author_may_give_another(
    sidecar: LiveSidecar, sink: Sink
) -> None:
    """So that a service which takes idempotency keys does once what is tried again."""
    sink.replies["/first"].extend([(503, {}), (503, {})])
    own = """

@step
def with_own_key() -> None:
    http.post("http://HOST/own", headers={"Idempotency-Key": "mine"})
"""
    body = """
    for path in ("first", "second"):
        run.step(ask_world, path)
    run.step(with_own_key)
    return "done" """
    text = counted("keyed", sink, body)
    before, skill = text.split("\n\n@skill")
    sidecar.put("keyed", before + own.replace("HOST", sink.host) + "\n\n@skill" + skill)
    assert sidecar.run("keyed").output == "done"
    ((first, tries),), ((second, _),) = sink.keys("/first").items(), sink.keys("/second").items()
    assert tries == 3
    assert first and second and first != second
    assert sink.keys("/own") == {"mine": 1}
