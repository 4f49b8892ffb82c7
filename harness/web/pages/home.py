"""Home: what runs, what waits for a person, what comes next, what it has cost, and the last day of each skill."""

from __future__ import annotations

from fastapi import APIRouter

from harness.web.twin import Sidecar, page
from sidecar.client import views

router = APIRouter(tags=["home"])


class Home(views.View):
    status: views.Status
    day: views.Day  # the last 24 hours of each skill


@page(router, "/", "home.html")
def home(client: Sidecar) -> Home:
    """What a person wants to know in the morning."""
    return Home(status=client.status(), day=client.last_day())
