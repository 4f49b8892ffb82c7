"""Audit: who decided what, when and why."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query

from harness.web.from_forms import Chosen, in_zone
from harness.web.twin import Sidecar, page
from sidecar.client import views

router = APIRouter(tags=["audit"])


class Asked(views.View):
    skill: Annotated[str | None, Chosen] = None
    who: Annotated[str | None, Chosen] = None
    what: Annotated[str | None, Chosen] = None
    since: Annotated[datetime | None, Chosen] = None  # without a zone of its own: the workspace's
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100


class Audit(views.View):
    asked: Asked
    decisions: tuple[views.Decision, ...]  # newest first


@page(router, "/audit", "audit.html")
def audit(client: Sidecar, asked: Annotated[Asked, Query()]) -> Audit:
    """Every decision; none can be changed or deleted."""
    since = in_zone(ZoneInfo(client.settings.zone), asked.since)
    found = client.audit(skill=asked.skill, who=asked.who, what=asked.what, since=since, limit=asked.limit)
    return Audit(asked=asked, decisions=tuple(found))
