"""Approvals: what waits for a person, whole, and the answer to it."""

from __future__ import annotations

from fastapi import APIRouter

from harness.web.twin import Sidecar, page
from sidecar.client import Refused, views

router = APIRouter(tags=["approvals"])


class Approvals(views.View):
    approvals: tuple[views.Approval, ...]  # the open ones


class Said(views.View):
    answer: str  # yes or no; to a question, words; to what may have happened, done or not-done
    because: str = ""


STATUS = {"not_found": 404, "not_allowed": 403}  # of an answer that did not count; else it came too late: 409


@page(router, "/approvals", "approvals.html")
def approvals(client: Sidecar) -> Approvals:
    return Approvals(approvals=tuple(client.approvals()))


@router.post("/api/approvals/{approval}")
def answer(client: Sidecar, approval: str, given: Said) -> views.Answered:
    """One answer counts; whoever gives another is told what became of it."""
    answered = client.answer(approval, given.answer, given.because)
    if answered.outcome != "counted":
        raise Refused(answered.outcome, answered.said, STATUS.get(answered.outcome, 409))
    return answered
