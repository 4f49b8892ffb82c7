"""Approvals: what waits for a person, whole, and the answer to it."""

from __future__ import annotations

from fastapi import APIRouter

from harness.web.twin import Sidecar, page
from sidecar.client import Refused, views

router = APIRouter(tags=["approvals"])


class Approvals(views.View):
    approvals: tuple[views.Approval, ...]  # the open ones
    grants: tuple[views.Grant, ...]  # standing approvals that hold


class Said(views.View):
    answer: str  # yes or no; to a question, words; to what may have happened, done or not-done
    because: str = ""


STATUS = {"not_found": 404, "not_allowed": 403}  # of an answer that did not count; else it came too late: 409


@page(router, "/approvals", "approvals.html")
def approvals(client: Sidecar) -> Approvals:
    standing = tuple(grant for grant in client.grants() if grant.state == "active")
    return Approvals(approvals=tuple(client.approvals()), grants=standing)


@router.post("/api/approvals/{approval}")
def answer(client: Sidecar, approval: str, given: Said) -> views.Answered:
    """One answer counts; whoever gives another is told what became of it."""
    answered = client.answer(approval, given.answer, given.because)
    if answered.outcome != "counted":
        raise Refused(answered.outcome, answered.said, STATUS.get(answered.outcome, 409))
    return answered


@router.post("/api/grants/{grant}/revoke")
def revoke(client: Sidecar, grant: str) -> views.Grant:
    """Nothing begins upon this standing approval from then on."""
    return client.revoke_grant(grant)
