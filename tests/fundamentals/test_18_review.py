"""A misfiring skill gets a revision: a proposal that goes live when a person accepts it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sidecar.client import Refused, views
from tests.support.live_sidecar import LiveSidecar
from tests.support.scripted_author import says, writes
from tests.support.talking_model import TalkingModel
from tests.support.waiting import wait_until

LOUD = '''"""Say what there is to say."""

from skills import Expect, Run, skill


@skill(expect=Expect(messages_at_most=1))
def NAME(run: Run) -> int:
    for number in range(2):
        run.notify("#loud", f"{number}")
    return 2
'''
CHOICE = {
    "summary": "It talks too much.",
    "findings": [{"candidate": 0, "why": "Twice.", "ask": "Mend NAME: be brief."}],
}


def misfiring(talking: LiveSidecar, model: TalkingModel, name: str, text: str = LOUD) -> None:
    """A skill that has misfired, and the part of a model that mends it."""
    loud = text.replace("NAME", name)
    talking.put(name, loud)
    assert talking.run(name).run.misfire
    quiet = loud.replace("range(2)", "range(1)")
    model.play(f"Mend {name}", writes(name, quiet, base=loud, reason="one notice is enough"), says("One notice now."))


def proposed(talking: LiveSidecar, model: TalkingModel, name: str, text: str = LOUD) -> views.Proposal:
    """Let the skill misfire, and review it."""
    misfiring(talking, model, name, text)
    model.play("These are the week's runs", says(json.dumps(CHOICE).replace("NAME", name)))
    review = talking.ended(talking.client.review_now().id)
    assert review.run.state == "succeeded", review.run.error
    return next(item for item in talking.client.proposals() if item.skill == name)


def test_a_revision_is_a_proposal_and_accepting_makes_it_live(talking: LiveSidecar, model: TalkingModel) -> None:
    proposal = proposed(talking, model, "loud")
    assert proposal.state == "open"
    assert proposal.base == talking.active("loud"), "what is live stays live"
    assert proposal.reason == "one notice is enough"
    assert "-    for number in range(2):" in proposal.diff
    assert "+    for number in range(1):" in proposal.diff
    assert "range(2)" in talking.file("loud").read_text()

    verdict = talking.client.accept(proposal.id)
    assert verdict.live
    assert talking.active("loud") == proposal.version
    assert talking.run("loud").run.misfire is None
    assert talking.client.proposals() == []
    review = talking.client.review_latest()
    assert review is not None
    assert [(finding.skill, finding.kind) for finding in review.findings] == [("loud", "expectation")]
    with pytest.raises(Refused, match="already accepted"):
        talking.client.accept(proposal.id)
    talking.client.remove("loud")


def test_a_dismissed_proposal_changes_nothing(talking: LiveSidecar, model: TalkingModel) -> None:
    proposal = proposed(talking, model, "stays_loud")
    talking.client.dismiss(proposal.id, "I like it")
    assert talking.active("stays_loud") == proposal.base
    assert talking.client.proposals() == []
    talking.client.remove("stays_loud")


def test_a_proposal_about_what_a_person_has_edited_is_a_conflict(talking: LiveSidecar, model: TalkingModel) -> None:
    proposal = proposed(talking, model, "edited")
    by_hand = talking.file("edited").read_text().replace("#loud", "#quiet")
    talking.put("edited", by_hand)
    with pytest.raises(Refused, match="has changed since this proposal"):
        talking.client.accept(proposal.id)
    assert talking.file("edited").read_text() == by_hand
    talking.client.remove("edited")


HELPED = LOUD.replace("from skills", "from lib.NAME import words\nfrom skills").replace('f"{number}"', "words(number)")
HELPER = '''"""What is said."""


def words(number: int) -> str:
    return f"{number}"
'''


def test_what_was_shown_with_another_helper_is_a_conflict(talking: LiveSidecar, model: TalkingModel) -> None:
    helper = talking.workspace / "lib" / "helped.py"
    helper.write_text(HELPER)
    proposal = proposed(talking, model, "helped", HELPED)
    before = talking.active("helped")
    helper.write_text(HELPER.replace('f"{number}"', 'f"another {number}"'))
    wait_until(lambda: talking.active("helped") not in (None, before), "the other helper is live")
    loud = talking.file("helped").read_text()
    with pytest.raises(Refused, match="has changed since this proposal"):
        talking.client.accept(proposal.id)
    assert talking.file("helped").read_text() == loud
    assert talking.client.dismiss(proposal.id).state == "dismissed", "it was still open"
    talking.client.remove("helped")


def test_of_two_who_decide_at_once_one_has_decided(talking: LiveSidecar, model: TalkingModel) -> None:
    proposal = proposed(talking, model, "raced")
    with ThreadPoolExecutor() as pool:
        accepting = pool.submit(talking.client.accept, proposal.id)
        wait_until(lambda: "range(1)" in talking.file("raced").read_text(), "it is being accepted")
        with pytest.raises(Refused, match="already accepted"):
            talking.client.dismiss(proposal.id)
        assert accepting.result().live
    talking.client.remove("raced")


def test_with_review_auto_a_conflict_keeps_no_other_revision_waiting(tmp_path: Path, model: TalkingModel) -> None:
    with LiveSidecar(tmp_path, base_url=model.base_url, review="auto") as talking:
        for name in ("first_one", "second_one"):
            misfiring(talking, model, name)
        findings = [
            {"candidate": number, "why": "Twice.", "ask": f"Mend {name}: be brief."}
            for number, name in enumerate(("first_one", "second_one"))
        ]
        model.play("These are the week's runs", says(json.dumps({"summary": "Too loud.", "findings": findings})))
        talking.failpoints.strike("proposals.stored", 2)
        run = talking.client.review_now().id
        talking.exit_status()
        by_hand = talking.file("first_one").read_text().replace("#loud", "#quiet")
        talking.save("first_one", by_hand)
        talking.start()
        review = talking.ended(run).run
        assert review.state == "succeeded", review.error
        assert talking.file("first_one").read_text() == by_hand
        assert "range(1)" in talking.file("second_one").read_text()
        assert [(item.skill, item.state) for item in talking.client.proposals()] == [("first_one", "open")]
