"""Health: what is in order, what to do about the rest, and what the skills have told."""

from __future__ import annotations

from fastapi import APIRouter

from harness.web.twin import Sidecar, page
from sidecar.client import views

router = APIRouter(tags=["health"])


class HealthPage(views.View):
    found: tuple[views.Health, ...]
    notices: tuple[views.Notice, ...]  # newest first


@page(router, "/health", "health.html")
def health(client: Sidecar) -> HealthPage:
    """What `tend doctor` says, but for damage in the store: to look for that takes seconds where it is large."""
    return HealthPage(found=tuple(client.doctor(whole=False)), notices=tuple(client.notices(limit=50)))


@router.post("/api/postings/{posting}/retry")
def retry(client: Sidecar, posting: str) -> views.Posting:
    """Send it once more, under the same id."""
    return client.retry_posting(posting)


@router.post("/api/postings/{posting}/drop")
def drop(client: Sidecar, posting: str) -> views.Posting:
    return client.drop_posting(posting)
