"""Runs: the list with its filters, a run step by step."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from pydantic import JsonValue

from harness.web.from_forms import Chosen, in_zone
from harness.web.side_by_side import Pair, aligned
from harness.web.twin import Sidecar, page
from sidecar.client import Refused, views

router = APIRouter(tags=["runs"])

AT_ONCE = 100


class Wanted(views.View):
    text: Annotated[str | None, Chosen] = None  # in an input, an output or an error, or in a step's
    skill: Annotated[str | None, Chosen] = None
    state: Annotated[views.RunState | None, Chosen] = None
    trigger: Annotated[str | None, Chosen] = None  # or its first letters
    version: Annotated[str | None, Chosen] = None  # likewise
    since: Annotated[datetime | None, Chosen] = None  # without a zone of its own: the workspace's
    until: Annotated[datetime | None, Chosen] = None
    limit: Annotated[int, Query(ge=1, le=1_000)] = AT_ONCE


class Runs(views.View):
    wanted: Wanted
    runs: tuple[views.Run, ...]  # newest first
    whole: bool  # False: of many, only the newest were looked through for the text
    skills: tuple[str, ...]  # to choose from


class RunPage(views.View):
    detail: views.RunDetail
    step: str | None  # that is shown beside the waterfall
    skill: views.SkillDetail | None  # None: it is gone
    asked: tuple[views.Approval, ...]  # what it waits for a person to answer


class Comparison(views.View):
    a: views.RunDetail
    b: views.RunDetail
    steps: tuple[Pair, ...]
    diff: views.Diff | None  # from a's version to b's; None: it is the same, or another skill's


class Again(views.View):
    from_step: str | None = None
    input: JsonValue = None
    version: Literal["active", "same"] = "active"


class Many(views.View):
    runs: tuple[str, ...]
    reason: str = ""
    version: Literal["active", "same"] = "active"


class Why(views.View):
    reason: str = ""


@page(router, "/runs", "runs.html")
def runs(client: Sidecar, wanted: Annotated[Wanted, Query()]) -> Runs:
    zone = ZoneInfo(client.settings.zone)
    narrowed = views.Narrowed(
        skill=wanted.skill,
        state=wanted.state,
        version=wanted.version,
        trigger=wanted.trigger,
        since=in_zone(zone, wanted.since),
        until=in_zone(zone, wanted.until),
    )
    found = client.search(narrowed, wanted.text or "", limit=wanted.limit)
    return Runs(wanted=wanted, runs=found.runs, whole=found.whole, skills=tuple(client.skill_names()))


@page(router, "/runs/compare", "compare.html")
def compare(
    client: Sidecar,
    b: str,
    a: Annotated[str | None, Chosen, Query(description="left out: the run of the skill before b")] = None,
) -> Comparison:
    """Two runs side by side, their steps aligned by their keys."""
    newer = client.run(b)
    older = client.run(a or _before(newer))
    versions = older.run.version, newer.run.version
    same_skill = older.run.skill == newer.run.skill and versions[0] != versions[1]
    return Comparison(
        a=older,
        b=newer,
        steps=aligned(older, newer),
        diff=client.diff(newer.run.skill, *versions) if same_skill else None,
    )


def _before(detail: views.RunDetail) -> str:
    if detail.before is None:
        raise Refused("not_found", f"this is the first run of {detail.run.skill}: there is none before it", 404)
    return detail.before


@page(router, "/runs/{run}", "run.html")
def run(client: Sidecar, run: str, step: str | None = None) -> RunPage:
    """Its steps, attempts, logs and effects; `step` names the one that is looked at, as `name` or `name#2`. What was
    asked and answered comes with that one's effects alone."""
    detail = client.run(run, step=step)
    try:
        skill = client.skill(detail.run.skill)
    except Refused:
        skill = None
    asked = client.approvals() if detail.run.state == "waiting" else []
    return RunPage(
        detail=detail, step=step, skill=skill, asked=tuple(each for each in asked if each.run == detail.run.id)
    )


@router.post("/api/runs/{run}/cancel")
def cancel(client: Sidecar, run: str, given: Why) -> views.Run:
    return client.cancel(run, given.reason)


@router.post("/api/runs/{run}/rerun")
def rerun(client: Sidecar, run: str, given: Again) -> views.Run:
    """As a new run: from its beginning, or from one of its steps."""
    return client.rerun(run, from_step=given.from_step, payload=given.input, version=given.version)


@router.post("/api/many-runs/cancel")
def cancel_many(client: Sidecar, given: Many) -> list[views.RunOutcome]:
    return client.cancel_many(given.runs, given.reason)


@router.post("/api/many-runs/rerun")
def rerun_many(client: Sidecar, given: Many) -> list[views.RunOutcome]:
    return client.rerun_many(given.runs, given.version)
