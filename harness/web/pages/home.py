"""Home: what runs, what waits for a person, what comes next, what it has cost, and the last day of each skill."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from fastapi import APIRouter

from harness.web.twin import Sidecar, page
from sidecar.client import views

router = APIRouter(tags=["home"])

HOURS = 24
AT_MOST = 1_000  # runs of the last day that are looked at


class Hour(views.View):
    """What became of a skill's runs that were made in one hour of the last day."""

    since: datetime
    runs: int
    failed: int
    unfinished: int


class Day(views.View):
    skill: str
    hours: tuple[Hour, ...]  # oldest first


class Home(views.View):
    status: views.Status
    days: tuple[Day, ...]
    whole: bool  # False: there were more runs than were looked at


@page(router, "/", "home.html")
def home(client: Sidecar) -> Home:
    """What a person wants to know in the morning."""
    now = datetime.now(UTC)
    start = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=HOURS - 1)
    runs = client.runs(since=start, limit=AT_MOST)
    names = sorted({run.skill for run in runs})
    return Home(
        status=client.status(),
        days=tuple(Day(skill=name, hours=_hours([run for run in runs if run.skill == name], start)) for name in names),
        whole=len(runs) < AT_MOST,
    )


def _hours(runs: list[views.Run], start: datetime) -> tuple[Hour, ...]:
    told = []
    for hour in range(HOURS):
        since = start + timedelta(hours=hour)
        within = [run for run in runs if since <= run.created_at < since + timedelta(hours=1)]
        told.append(
            Hour(
                since=since,
                runs=len(within),
                failed=sum(run.state == "failed" or run.misfire is not None for run in within),
                unfinished=sum(run.state not in views.FINAL for run in within),
            )
        )
    return tuple(told)
