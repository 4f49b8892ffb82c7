"""Skills: the list, and a skill with its source, versions, runs and times."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import JsonValue

from harness.web.twin import Sidecar, page
from sidecar.client import Refused, views

router = APIRouter(tags=["skills"])


class Skills(views.View):
    skills: tuple[views.Skill, ...]


class SkillPage(views.View):
    detail: views.SkillDetail
    runs: tuple[views.Run, ...]
    why: views.Why


class SourcePage(views.View):
    detail: views.SkillDetail
    source: views.Source
    is_file: bool  # as it is now; else what one version had
    start: views.Source | None  # a version that the editor begins with, in place of the file


class Versions(views.View):
    detail: views.SkillDetail
    versions: tuple[views.Version, ...]
    diff: views.Diff | None  # None: there is only one


class Save(views.View):
    text: str
    base: str | None  # the hash of the text that was edited
    reason: str = "edited on the page"


class Unsaved(views.View):
    text: str


class Start(views.View):
    input: JsonValue = None
    rehearsal: bool = False


class Reason(views.View):
    reason: str = ""


@page(router, "/skills", "skills.html")
def skills(client: Sidecar) -> Skills:
    return Skills(skills=tuple(client.skills()))


@page(router, "/skills/{name}", "skill.html")
def skill(client: Sidecar, name: str) -> SkillPage:
    return SkillPage(detail=client.skill(name), runs=tuple(client.runs(skill=name, limit=20)), why=client.why(name))


@page(router, "/skills/{name}/source", "source.html")
def source(client: Sidecar, name: str, version: str | None = None, start: str | None = None) -> SourcePage:
    """The file as it is now, or one version's. `start` is a version to go on from: nothing is saved yet."""
    return SourcePage(
        detail=client.skill(name),
        source=client.source(name, version),
        is_file=version is None,
        start=client.source(name, start) if start else None,
    )


@page(router, "/skills/{name}/versions", "versions.html")
def versions(
    client: Sidecar,
    name: str,
    old: Annotated[str | None, Query(description="left out: the version before")] = None,
    new: Annotated[str | None, Query(description="left out: the one that waits for a yes, or the active one")] = None,
) -> Versions:
    """All versions, and the difference between two of them."""
    detail, made = client.skill(name), client.history(name)
    if not old and not new and made and made[0].state in ("proposed", "waiting"):
        old, new = detail.skill.version, made[0].hash  # what is to be decided
    try:
        diff = client.diff(name, old, new)
    except Refused:
        if old or new:
            raise
        diff = None
    return Versions(detail=detail, versions=tuple(made), diff=diff)


@router.put("/api/skills/{name}/source")
def save(client: Sidecar, name: str, given: Save) -> views.Verdict:
    """Write the file and wait for the verdict on it; 409 where it has changed since `base`."""
    return client.write(name, given.text, base=given.base, reason=given.reason)


@router.post("/api/skills/{name}/check")
def check(client: Sidecar, name: str, given: Unsaved) -> views.Report:
    """What the check says of a text that is not saved."""
    return client.check(name, given.text)


@router.post("/api/skills/{name}/run")
def run(client: Sidecar, name: str, given: Start) -> views.Run:
    return client.run_skill(name, given.input, rehearsal=given.rehearsal)


@router.post("/api/skills/{name}/pause")
def pause(client: Sidecar, name: str, given: Reason) -> views.Skill:
    return client.pause(name, given.reason)


@router.post("/api/skills/{name}/resume")
def resume(client: Sidecar, name: str) -> views.Skill:
    return client.resume(name)


@router.post("/api/skills/{name}/restore/{version}")
def restore(client: Sidecar, name: str, version: str) -> views.Verdict:
    """Write an earlier version's bytes back to the file."""
    return client.restore(name, version)
