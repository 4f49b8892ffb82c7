"""A person edits the file while a run is under way: that run ends on the bytes it began with, the next has the edit."""

from __future__ import annotations

from harness.demo.lamp_prices import WORDING, WORDING_BY_HAND
from harness.demo.reports import expect_success, report, reports_after, scheduled
from harness.demo.script import SKILL
from harness.demo.stage import NotAsTold, Stage, wait_for
from harness.demo.telling import Telling, short
from sidecar.client import views


def tell(stage: Stage, telling: Telling) -> None:
    telling.chapter("You edit the file while a run is under way")
    with stage.shop.slow("sol"):
        caught = wait_for(lambda: under_way(stage), "a run that waits for the shop")
        telling.say(f"run {short(caught.id)} is {caught.state} on version {short(caught.version)}: the shop is slow.")
        path = edit(stage)
        telling.say(("you  ", "bold"), f"save {path} with other words in the notice")
        new = wait_for(lambda: _replaced(stage, caught.version), "the edited version going live")
        telling.say(f"live as {short(new)}, {_still(stage, caught)}")
    ended = wait_for(lambda: _ended(stage, caught), f"the end of run {caught.id}")
    (fresh,) = reports_after(stage, caught.id, 1, f"a run of version {new}", version=new)
    for one in (report(stage, ended), fresh):
        telling.show(f"run {short(one.run.id)} on {short(one.run.version)} said {one.notice!r}")
    if ended.version != caught.version:
        raise NotAsTold(f"run {ended.id} was to end on {caught.version}, and ended on {ended.version}.")


def under_way(stage: Stage) -> views.Run | None:
    """A run whose request the shop keeps waiting."""
    running = [run for run in scheduled(stage) if run.state == "running"]
    return running[0] if running and stage.shop.waiting else None


def edit(stage: Stage) -> str:
    """As an editor does it: by writing the file. Returns its path in the workspace."""
    path = stage.client.skill(SKILL).path
    file = stage.workspace / path
    text = file.read_text(encoding="utf-8")
    if text.count(WORDING) != 1:
        raise NotAsTold(f"{path} was to have the passage {WORDING!r} once.")
    file.write_text(text.replace(WORDING, WORDING_BY_HAND), encoding="utf-8")
    return path


def _replaced(stage: Stage, old: str) -> str | None:
    version = stage.client.skill(SKILL).skill.version
    return version if version != old else None


def _still(stage: Stage, run: views.Run) -> str:
    now = stage.client.run(run.id).run
    if now.state != "running":
        raise NotAsTold(f"run {run.id} was to be under way still, and is {now.state}.")
    return f"while run {short(run.id)} is {now.state} still"


def _ended(stage: Stage, run: views.Run) -> views.Run | None:
    now = stage.client.run(run.id).run
    expect_success(now)
    return now if now.state == "succeeded" else None
