"""The weekly review: it chooses among what the run history shows, and has the agent revise the skills."""

from __future__ import annotations

import json
from typing import Any

import pytest

from skills.shipped.weekly_review import UNJUDGED, Reviewed, weekly_review
from skills.wire import Json, Succeeded
from tests.agent.scripted_sidecar import Killed, Refusal, ScriptedSidecar
from tests.agent.talk import HASH, says

ANSWERED = {"text": "Proposed.", "ended": "answered", "model_calls": 3}


def candidate(skill: str, kind: str = "failures") -> dict[str, Json]:
    return {
        "skill": skill,
        "version": HASH,
        "kind": kind,
        "summary": f"{skill}: {kind}.",
        "evidence": [f"{kind}: 3 of 5"],
        "runs": [f"run-{skill}", f"run-{kind}"],
    }


LOOKED_AT: dict[str, Any] = {"since": "2026-11-14T09:00:00Z", "until": "2026-11-21T09:00:00Z"}


def judged(*candidates: int) -> dict[str, Any]:
    findings = [{"candidate": number, "why": "It is wrong.", "ask": f"Mend {number}."} for number in candidates]
    return says(json.dumps({"summary": "Some misfired.", "findings": findings}))


def week(*candidates: dict[str, Json], replies: Any = (), children: Any = None) -> ScriptedSidecar:
    evidence = {
        **LOOKED_AT,
        "digest": "price_report: 5 runs, 3 failed",
        "candidates": list(candidates),
    }
    names = {"prices": "workspace", "news": "workspace", "weekly_review": "shipped"}
    return ScriptedSidecar(
        replies=replies,
        commands={
            "review.evidence": evidence,
            "review.record": {"review": "R1"},
            "review.settle": ["news"],
            "skills.list": [{"name": name, "origin": origin} for name, origin in names.items()],
        },
        children=children or {f"review-R1-{name}": ANSWERED for name in names},
    )


def review(port: ScriptedSidecar) -> Reviewed:
    end = port.attempt(weekly_review)
    assert isinstance(end.result, Succeeded), end.result
    return Reviewed.model_validate(end.result.output)


def asked_for(port: ScriptedSidecar) -> list[str]:
    return [invoked["input"]["revise"]["skill"] for invoked in port.invoked]


def test_a_calm_week_is_recorded_without_asking_a_model() -> None:
    port = week()
    end = port.attempt(weekly_review)
    assert isinstance(end.result, Succeeded)
    assert end.result.nothing_to_report == "nothing misfired"
    assert port.prompts == []
    assert port.done("review.record") == [{"summary": "A calm week: nothing misfired.", "findings": []} | LOOKED_AT]


def test_what_the_model_chooses_is_recorded_and_revised() -> None:
    port = week(candidate("prices"), candidate("news"), replies=[judged(1)])
    assert review(port) == Reviewed(review="R1", findings=1, revised=1, failed=0, live=["news"])
    assert port.prompts[0]["purpose"] == "review"
    finding = {
        "skill": "news",
        "kind": "failures",
        "summary": "news: failures. It is wrong.",
        "evidence": ["failures: 3 of 5"],
        "runs": ["run-news", "run-failures"],
    }
    assert port.done("review.record") == [{"summary": "Some misfired.", "findings": [finding]} | LOOKED_AT]
    assert port.invoked == [
        {
            "skill": "agent",
            "input": {
                "session": "review-R1-news",
                "text": "Mend 1.",
                "revise": {"skill": "news", "base": HASH, "finding": finding},
            },
        }
    ]


def test_the_agent_understands_what_it_is_sent() -> None:
    from harness.agent.message import Message

    port = week(candidate("news"), replies=[judged(0)])
    review(port)
    message = Message.model_validate(port.invoked[0]["input"])
    assert message.revise is not None
    assert message.revise.finding.runs == ("run-news", "run-failures")


def test_findings_about_one_skill_are_answered_by_one_revision() -> None:
    port = week(candidate("prices"), candidate("prices", "slow"), replies=[judged(0, 1, 1)])
    assert review(port).findings == 1
    (invoked,) = port.invoked
    assert invoked["input"]["text"] == "Mend 0.\nMend 1."
    finding = invoked["input"]["revise"]["finding"]
    assert finding["kind"] == "failures, slow"
    assert finding["runs"] == ["run-prices", "run-failures", "run-slow"]


def test_a_candidate_that_there_is_not_is_left_out() -> None:
    port = week(candidate("prices"), replies=[judged(0, 7, -1)])
    assert review(port).findings == 1
    assert [line.level for line in port.logs] == ["warning", "info"]


@pytest.mark.parametrize(
    "replies", [[Refusal("ModelNotConfigured", "no key")], [says("All is well!"), says("Really!")]]
)
def test_without_a_judgement_the_candidates_stand_as_they_are_and_it_is_said(replies: list[Any]) -> None:
    port = week(candidate("prices"), candidate("news"), replies=replies)
    assert review(port).findings == 2
    assert port.done("review.record")[0]["summary"] == UNJUDGED
    assert asked_for(port) == ["prices", "news"]


def test_a_shipped_skill_is_reported_and_not_revised() -> None:
    port = week(candidate("weekly_review"), candidate("news"), replies=[judged(0, 1)])
    assert review(port) == Reviewed(review="R1", findings=2, revised=1, failed=0, live=["news"])
    assert asked_for(port) == ["news"]


@pytest.mark.parametrize("broken", [Refusal("StepFailed", "lost"), ANSWERED | {"ended": "model_failed"}])
def test_one_failed_revision_does_not_stop_the_others(broken: Any) -> None:
    children = {"review-R1-prices": broken, "review-R1-news": ANSWERED}
    port = week(candidate("prices"), candidate("news"), replies=[judged(0, 1)], children=children)
    assert review(port) == Reviewed(review="R1", findings=2, revised=1, failed=1, live=["news"])
    assert asked_for(port) == ["prices", "news"]


def test_killed_at_any_question_it_asks_and_revises_once() -> None:
    undisturbed = week(candidate("prices"), candidate("news"), replies=[judged(0, 1)])
    expected = review(undisturbed)
    for question in range(1, undisturbed.questions + 1):
        port = week(candidate("prices"), candidate("news"), replies=[judged(0, 1)])
        port.kill_at = question
        with pytest.raises(Killed):
            port.attempt(weekly_review)
        assert review(port) == expected
        assert len(port.prompts) == 1
        assert port.carried_out == undisturbed.carried_out
        assert asked_for(port) == ["prices", "news"]
