"""kill -9 from the review of a misfiring skill to the accepted revision: one proposal, decided once."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa

from sidecar.client import Refused, views
from sidecar.store.schema import proposals
from tests.crash.story import Struck, broken_connections, new_run
from tests.support.live_sidecar import LiveSidecar
from tests.support.scripted_author import says, writes
from tests.support.talking_model import TalkingModel

pytestmark = broken_connections

LOUD = '''"""Say what there is to say."""

from skills import Expect, Run, skill


@skill(expect=Expect(messages_at_most=1))
def NAME(run: Run) -> int:
    for number in range(2):
        run.notify("#loud", f"{number}")
    return 2
'''
REVIEWING = [
    ("requests.command.performed", 2),  # the review is recorded
    ("requests.invoke.after", 1),  # the agent is asked for a revision
    ("proposals.stored", 1),
    ("worker.request.after", 3),
]
ACCEPTING = [("skills.write.written", 1), ("gate.activated", 1), ("review.accept.written", 1)]


def misfiring(sidecar: LiveSidecar, model: TalkingModel, name: str) -> str:
    """The one skill that has misfired, and the part of a model that mends it. Returns the mended text."""
    for skill in sidecar.client.skills():
        if skill.origin == "workspace":
            sidecar.client.remove(skill.name)
    loud = LOUD.replace("NAME", name)
    sidecar.put(name, loud)
    assert sidecar.run(name).run.misfire
    chosen = {"candidate": 0, "why": "Twice.", "ask": f"Mend {name}."}
    model.play("These are the week's runs", says(json.dumps({"summary": "Too loud.", "findings": [chosen]})))
    quiet = loud.replace("range(2)", "range(1)")
    model.play(f"Mend {name}", writes(name, quiet, base=loud, reason="once is enough"), says("One notice now."))
    return quiet


@pytest.mark.parametrize(("point", "times"), REVIEWING)
def test_a_review_makes_one_proposal(talking: LiveSidecar, model: TalkingModel, point: str, times: int) -> None:
    name = f"loud_{point.replace('.', '_')}"
    misfiring(talking, model, name)
    known = {run.id for run in talking.client.runs(skill="weekly_review")}
    struck = Struck(talking, point, times)
    run = struck.say(lambda: talking.client.review_now()) or struck.until(
        lambda: new_run(struck, "weekly_review", known), "the review is stored"
    )
    struck.ended(run.id)

    review = talking.client.review_latest()
    assert review is not None
    assert review.run == run.id
    (proposal,) = review.proposals
    assert (proposal.skill, proposal.state) == (name, "open")
    assert proposals_ever(talking, name) == 1
    assert len(model.requests(f"Mend {name}")) == 2


@pytest.mark.parametrize(("point", "times"), ACCEPTING)
def test_a_proposal_is_accepted_once_also_where_the_answer_was_lost(
    talking: LiveSidecar, model: TalkingModel, point: str, times: int
) -> None:
    name = f"accepted_{point.replace('.', '_')}"
    quiet = misfiring(talking, model, name)
    talking.ended(talking.client.review_now().id)
    (proposal,) = [item for item in talking.client.proposals() if item.skill == name]
    struck = Struck(talking, point, times)
    assert struck.say(lambda: talking.client.accept(proposal.id)) is None, "the connection broke"

    verdict: views.Verdict = talking.client.accept(proposal.id)
    assert verdict.live
    assert talking.active(name) == proposal.version
    assert talking.file(name).read_text() == quiet
    assert name not in [item.skill for item in talking.client.proposals()]
    with pytest.raises(Refused, match="already accepted"):
        talking.client.accept(proposal.id)


def proposals_ever(sidecar: LiveSidecar, skill: str) -> int:
    return len(sidecar.query(sa.select(proposals.c.id).where(proposals.c.skill == skill)))
