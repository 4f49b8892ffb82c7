"""A body that goes another way on replay is stopped before anything happens (I15); what is kept has limits (I17)."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.support.live_sidecar import LiveSidecar
from tests.support.sink import Sink

SKILL = '''"""Ask the world."""

from datetime import timedelta

from skills import Run, http, skill, step


@step
def tell(path: str) -> int:
    return int(http.post(f"http://HOST/{path}").json()["count"])


@step
def large(size: int) -> str:
    return "x" * size


@step
def measure(text: str) -> int:
    return len(text)


@skill(hosts=["HOST"])
def NAME(run: Run) -> int:
    BODY
'''


def skill(name: str, sink: Sink, body: str) -> str:
    return SKILL.replace("NAME", name).replace("BODY", body.strip()).replace("HOST", sink.host)


def test_other_arguments_on_replay_stop_the_run_before_the_body(sidecar: LiveSidecar, sink: Sink) -> None:
    body = """
    run.step(tell, f"attempt-{run.attempt}")
    run.approve("Go on?")
    return run.step(tell, "never")"""
    sidecar.put("wanders", skill("wanders", sink, body))
    started = sidecar.client.run_skill("wanders").id
    sidecar.client.answer(sidecar.approval(started).id, "yes")
    ended = sidecar.ended(started)
    assert ended.run.error is not None
    assert ended.run.error.type == "ReplayMismatch"
    assert "step tell" in ended.run.error.message
    assert sink.count("/attempt-1") == 1
    assert sink.count("/attempt-2") == sink.count("/never") == 0


@pytest.mark.parametrize(
    ("name", "body", "what"),
    [
        ("large_result", "return len(run.step(large, 2_000_000))", "result"),
        ("large_argument", 'return run.step(measure, "x" * 2_000_000)', "arguments"),
    ],
)
def test_a_value_that_is_too_large_is_a_typed_error(
    sidecar: LiveSidecar, sink: Sink, name: str, body: str, what: str
) -> None:
    sidecar.put(name, skill(name, sink, body))
    ended = sidecar.run(name)
    assert ended.run.error is not None
    assert ended.run.error.type == "LimitReached"
    assert f"its {what} take" in ended.run.error.message
    assert "files.write" in ended.run.error.message


def test_the_clock_and_chance_are_the_same_on_replay(sidecar: LiveSidecar, sink: Sink) -> None:
    body = """
    before = (run.now.isoformat(), run.random.random(), run.key("order"))
    run.step(measure, repr(before))
    run.approve("Go on?")
    return run.step(measure, repr(before))"""
    sidecar.put("steady", skill("steady", sink, body))
    started = sidecar.client.run_skill("steady").id
    sidecar.client.answer(sidecar.approval(started).id, "yes")
    assert sidecar.ended(started).run.state == "succeeded"


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("nul_in_a_name", 'run.state.put("a\\0b", 1)'),
        ("nul_in_a_value", 'run.wait_for("paid", dict[str, str], timeout=timedelta(1), key=KEY, equals="x\\0")'),
    ],
)
def test_what_no_store_can_keep_is_refused_in_words(sidecar: LiveSidecar, sink: Sink, name: str, body: str) -> None:
    body = body.replace("KEY", 'lambda paid: paid["order"]')
    sidecar.put(name, skill(name, sink, f"{body}\n    run.approve('Go on?')\n    return 1"))
    error = sidecar.run(name).run.error
    assert error is not None
    assert error.type == "WrongType"
    assert "the character NUL" in error.message


def test_a_change_that_the_store_refuses_fails_the_run_that_made_it(sidecar: LiveSidecar, sink: Sink) -> None:
    """It would be refused again and again: it is not as if the disk were full."""
    if sidecar.database_url:
        pytest.skip("a trigger is written otherwise there")
    sidecar.stop()
    refuse = "CREATE TRIGGER refuse BEFORE INSERT ON notices WHEN NEW.text = 'bad' BEGIN SELECT RAISE(ABORT, 'no'); END"
    sidecar.change_store(sa.text(refuse))
    sidecar.start()
    sidecar.put("refused", skill("refused", sink, 'run.notify("#ops", "bad")\n    return 1'))
    ended = sidecar.run("refused")
    assert ended.run.error is not None
    assert (ended.run.error.type, ended.run.attempts) == ("StoreRefused", 1)


def test_an_output_that_is_too_large_fails_its_run_and_nobody_else(sidecar: LiveSidecar, sink: Sink) -> None:
    sidecar.put(
        "talks_on", skill("talks_on", sink, 'return "x" * 2_000_000').replace("(run: Run) -> int", "(run: Run) -> str")
    )
    error = sidecar.run("talks_on").run.error
    assert error is not None
    assert error.type == "LimitReached"
    assert "the run's output takes 2,000,002 bytes" in error.message
    assert "files.write" in error.message
