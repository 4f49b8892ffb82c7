"""The sidecar is killed in the middle of a run. The next one goes on there, and repeats nothing that was finished."""

from __future__ import annotations

from harness.demo.chapters.edit import under_way
from harness.demo.reports import cited_visits, expect_success
from harness.demo.stage import NotAsTold, Stage, wait_for
from harness.demo.telling import Telling, short
from sidecar.client import views


def tell(stage: Stage, telling: Telling) -> None:
    telling.chapter("The power goes, in the middle of a run")
    with stage.shop.slow("sol"):
        run = wait_for(lambda: under_way(stage), "a run that waits for the shop")
        done = wait_for(lambda: _half_done(stage, run), "a finished step and an open one in the journal")
        telling.say(f"run {short(run.id)} has finished {done}; in the next step the shop is slow")
        before = len(stage.shop.visits)
        pid = stage.kill_sidecar()
        telling.say(("kill -9 ", "bold red"), f"{pid}: the sidecar is gone")
        wait_for(lambda: _hung_up(stage, before), "the end of the connection to the shop")
    status = stage.start_sidecar()
    telling.say(f"a new sidecar is up, process {status.pid}")
    ended = wait_for(lambda: _ended(stage, run), f"the end of run {run.id}")
    telling.say(f"run {short(run.id)} is {ended.run.state}, after {ended.run.attempts} attempts:")
    telling.steps(ended)
    _compare(stage, telling, ended)


def _half_done(stage: Stage, run: views.Run) -> str | None:
    """The finished step, once the journal shows the open one too: beginnings may come to the disk a moment later."""
    steps = stage.client.run(run.id).steps
    return steps[0].name if [step.state for step in steps] == ["succeeded", "running"] else None


def _hung_up(stage: Stage, before: int) -> bool | None:
    return any(visit.outcome == "caller gone" for visit in stage.shop.visits[before:]) or None


def _ended(stage: Stage, run: views.Run) -> views.RunDetail | None:
    detail = stage.client.run(run.id, step=views.EVERY_STEP)
    expect_success(detail.run)
    return detail if detail.run.state == "succeeded" else None


def _compare(stage: Stage, telling: Telling, detail: views.RunDetail) -> None:
    """The shop's book must not have the finished step's page a second time."""
    cited = cited_visits(detail)
    first, last = min(cited), max(cited)
    book = [visit for visit in stage.shop.visits if first <= visit.number <= last]
    told = ", ".join(f"{visit.lamp} {visit.outcome}" for visit in book)
    telling.say(f"the shop's book: {told}")
    lamps = [visit.lamp for visit in book]
    if lamps != ["luna", "sol", "sol"]:
        raise NotAsTold(f"the shop was to be asked for luna once and for sol twice, and was asked for {lamps}.")
    tries = [len(step.attempts) for step in detail.steps if step.kind == "step"]
    if tries != [1, 2]:
        raise NotAsTold(f"the finished step was to have one try and the other two; the journal has {tries}.")
    telling.say("luna was asked for once: a finished step is never run again.")
