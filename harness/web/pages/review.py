"""Review: the week's findings, and the revisions that wait for a decision."""

from __future__ import annotations

from fastapi import APIRouter

from harness.web.twin import Sidecar, page
from sidecar.client import views

router = APIRouter(tags=["review"])


class ReviewPage(views.View):
    review: views.Review | None
    proposals: tuple[views.Proposal, ...]  # the open ones


class Because(views.View):
    reason: str = ""


@page(router, "/review", "review.html")
def review(client: Sidecar) -> ReviewPage:
    return ReviewPage(review=client.review_latest(), proposals=tuple(client.proposals()))


@router.post("/api/review/now")
def review_now(client: Sidecar) -> views.Run:
    return client.review_now()


@router.post("/api/proposals/{proposal}/accept")
def accept(client: Sidecar, proposal: str) -> views.Verdict:
    return client.accept(proposal)


@router.post("/api/proposals/{proposal}/dismiss")
def dismiss(client: Sidecar, proposal: str, given: Because) -> views.Proposal:
    return client.dismiss(proposal, given.reason)
