"""A misfiring skill gets a revision: a proposal that goes live when a person accepts it."""

from __future__ import annotations

import json

import pytest

from sidecar.client import Refused, views
from tests.support.live_sidecar import LiveSidecar
from tests.support.scripted_author import says, writes
from tests.support.talking_model import TalkingModel

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


def proposed(talking: LiveSidecar, model: TalkingModel, name: str) -> views.Proposal:
    """Let the skill misfire, and review it."""
    loud = LOUD.replace("NAME", name)
    talking.put(name, loud)
    assert talking.run(name).run.misfire
    model.play("These are the week's runs", says(json.dumps(CHOICE).replace("NAME", name)))
    quiet = loud.replace("range(2)", "range(1)")
    model.play(f"Mend {name}", writes(name, quiet, base=loud, reason="one notice is enough"), says("One notice now."))
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
