"""Without a key everything but the model works, and what needs it says which setting is missing."""

from __future__ import annotations

from tests.support.live_sidecar import LiveSidecar

ASKING = '''"""Ask a model."""

from typing import Literal

from skills import Run, skill


@skill()
def NAME(run: Run) -> str:
    return run.ask("Is this good?", "yes", returns=Literal["good", "bad"]FALLBACK)
'''


def test_a_chat_message_is_answered_with_the_setting_that_is_missing(sidecar: LiveSidecar) -> None:
    run = sidecar.client.send("Good morning")
    ended = sidecar.ended(run.id)
    assert ended.run.state == "failed", "a message that got no answer is no success"
    question, answer = sidecar.client.transcript(str(sidecar.client.sessions()[0].id))
    assert question.text == "Good morning"
    assert "TEND_ANTHROPIC_API_KEY" in answer.text
    assert "I changed nothing" in answer.text


def test_status_and_doctor_say_it_too(sidecar: LiveSidecar) -> None:
    status = sidecar.client.status()
    assert status.model is None
    assert "TEND_ANTHROPIC_API_KEY" in str(status.model_missing)
    assert {health.name: health.state for health in sidecar.client.doctor()}["model"] == "warning"


def test_a_skill_that_asks_takes_its_fallback(sidecar: LiveSidecar) -> None:
    sidecar.put("falls_back", ASKING.replace("NAME", "falls_back").replace("FALLBACK", ', fallback=lambda: "bad"'))
    assert sidecar.run("falls_back").output == "bad"


def test_a_skill_without_a_fallback_fails_with_the_reason(sidecar: LiveSidecar) -> None:
    sidecar.put("needs_model", ASKING.replace("NAME", "needs_model").replace("FALLBACK", ""))
    ended = sidecar.run("needs_model")
    assert ended.run.error is not None
    assert "TEND_ANTHROPIC_API_KEY" in ended.run.error.message


def test_a_review_shows_what_the_history_shows_by_itself(sidecar: LiveSidecar) -> None:
    sidecar.put("fails", ASKING.replace("NAME", "fails").replace("FALLBACK", ""))
    sidecar.run("fails")
    assert sidecar.ended(sidecar.client.review_now().id).run.state == "succeeded"
    review = sidecar.client.review_latest()
    assert review is not None
    assert review.summary.startswith("No model has judged these findings")
    assert "fails" in [finding.skill for finding in review.findings]
    assert review.proposals == ()
