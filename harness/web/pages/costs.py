"""Costs: what was spent, of which cap, by whom; what waits at one."""

from __future__ import annotations

from fastapi import APIRouter

from harness.web.twin import Sidecar, page
from sidecar.client import views

router = APIRouter(tags=["costs"])


class Costs(views.View):
    cost: views.Cost
    caps: tuple[views.Cap, ...]


@page(router, "/costs", "costs.html")
def costs(client: Sidecar) -> Costs:
    return Costs(cost=client.cost(), caps=tuple(client.caps()))
