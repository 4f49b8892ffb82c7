"""Costs: what was spent, of which cap, by whom; what waits at one."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query

from harness.web.twin import Sidecar, page
from sidecar.client import views

router = APIRouter(tags=["costs"])

DAYS = 30


class Costs(views.View):
    cost: views.Cost
    caps: tuple[views.Cap, ...]


@page(router, "/costs", "costs.html")
def costs(client: Sidecar, since: Annotated[date | None, Query(description="left out: 30 days ago")] = None) -> Costs:
    today = datetime.now(ZoneInfo(client.settings.zone)).date()
    return Costs(cost=client.cost(since=since or today - timedelta(days=DAYS - 1)), caps=tuple(client.caps()))
