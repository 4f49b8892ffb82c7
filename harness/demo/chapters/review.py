"""The review finds the drift in the run history, the agent revises the skill, a person accepts, and it is right."""

from __future__ import annotations

from harness.demo.agent_at_work import follow
from harness.demo.lamp_prices import WORDING_BY_HAND
from harness.demo.reports import reports_after, scheduled
from harness.demo.script import SKILL
from harness.demo.stage import NotAsTold, Stage, wait_for
from harness.demo.telling import Telling, short
from sidecar.client import views
from sidecar.client.views import FINAL

REPORTS = 2


def tell(stage: Stage, telling: Telling) -> None:
    telling.chapter("The weekly review finds it")
    telling.say(("you  ", "bold"), "tend review now", ("  (it comes by itself on Fridays)", "dim"))
    started = stage.client.review_now()
    agent = wait_for(lambda: _revision(stage, started), "a finding that the agent is to revise")
    review = wait_for(stage.client.review_latest, "the review")
    for finding in review.findings:
        telling.say(("review  ", "bold yellow"), f"{finding.skill}: {finding.kind}, says the run history")
        for item in finding.evidence:
            telling.show(f"• {item}")
    follow(stage, telling, agent)
    wait_for(lambda: _ended(stage, started), "the end of the review")
    _accept(stage, telling, _proposal(stage, agent))


def _revision(stage: Stage, review: views.Run) -> views.Run | None:
    """The agent's run that the review has started."""
    detail = stage.client.run(review.id)
    if detail.children:
        return detail.children[0]
    if detail.run.state in FINAL:
        raise NotAsTold(f"the review is {detail.run.state} and has found nothing: {detail.output}")
    return None


def _ended(stage: Stage, run: views.Run) -> bool | None:
    return stage.client.run(run.id).run.state in FINAL or None


def _proposal(stage: Stage, agent: views.Run) -> views.Proposal:
    proposals = stage.client.proposals()
    if not proposals:
        raise NotAsTold(f"the agent was to propose a revision, and did not. Its run is {agent.id}.")
    return proposals[0]


def _accept(stage: Stage, telling: Telling, proposal: views.Proposal) -> None:
    telling.say(f"Proposal {short(proposal.id)}, from {short(proposal.base)} to {short(proposal.version)}:")
    telling.diff(proposal.diff)
    verdict = stage.client.accept(proposal.id)
    telling.say(("you  ", "bold"), f"tend review accept {short(proposal.id)}")
    if not verdict.live:
        raise NotAsTold(f"the accepted revision was to go live. The check says: {verdict.report.problems}")
    last = scheduled(stage)[-1].id
    reports = reports_after(stage, last, REPORTS, "a report of the revision", version=verdict.version)
    telling.reports(reports)
    if not all(one.is_right for one in reports):
        raise NotAsTold("the revision was accepted, and its reports are wrong still.")
    if WORDING_BY_HAND not in stage.client.source(SKILL).text:
        raise NotAsTold("the revision was to keep the edit by hand, and has lost it.")
    telling.say(f"notice {reports[-1].notice!r}: your edit by hand is in it.")
