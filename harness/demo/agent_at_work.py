"""Follows a run of the agent, and tells each of its steps as soon as the journal has it."""

from __future__ import annotations

from itertools import takewhile
from typing import Any

from harness.demo.stage import NotAsTold, Stage, wait_for
from harness.demo.telling import Telling, short
from sidecar.client import views
from sidecar.client.views import FINAL

AGENT = ("agent  ", "bold magenta")


def follow(stage: Stage, telling: Telling, run: views.Run) -> views.RunDetail:
    """Until the run has ended. Each of its steps may take its time."""
    told = 0

    def look() -> views.RunDetail | None:
        found = stage.client.run(run.id)
        return found if len(_over(found)) > told or found.run.state in FINAL else None

    while True:
        detail = wait_for(look, f"the agent's next step (run {run.id})")
        for step in _over(detail)[told:]:
            _tell(stage, telling, step)
            told += 1
        if detail.run.state in FINAL:
            break
    if detail.run.state != "succeeded":
        why = detail.run.error.message if detail.run.error else detail.run.reason
        raise NotAsTold(f"the agent's run {run.id} was to succeed and is {detail.run.state}: {why}")
    return detail


def _over(detail: views.RunDetail) -> list[views.Step]:
    """Those before the first that is under way."""
    return list(takewhile(lambda step: step.state not in ("running", "waiting", "retrying"), detail.steps))


def _tell(stage: Stage, telling: Telling, step: views.Step) -> None:
    asked: Any = step.arguments
    match step.name:
        case "model":
            _words(telling, step)
        case "skills.write" | "skills.edit":
            _change(telling, step, asked["arguments"])
        case "skills.run" if step.child:
            _rehearsal(telling, stage.client.run(step.child))


def _words(telling: Telling, step: views.Step) -> None:
    """What the model said, and what it asked to read."""
    reply: Any = step.result
    words = "\n".join(block["text"] for block in reply["content"] if block["type"] == "text")
    if words:
        telling.say(AGENT, words)
    asked = [block["input"] for block in reply["content"] if block.get("name") in ("read_run", "read_skill")]
    if asked:
        telling.say(
            AGENT, "reads ", ", ".join(f"run {short(one['run'])}" if "run" in one else one["name"] for one in asked)
        )


def _change(telling: Telling, step: views.Step, asked: dict[str, str]) -> None:
    what = f"writes {asked['name']} ({asked['reason']}): "
    if step.error:
        telling.say(AGENT, what, (step.error.message, "red"))
        return
    verdict = views.Verdict.model_validate(step.result)
    telling.say(AGENT, what, _outcome(verdict))
    telling.problems(verdict.report)
    if verdict.live:
        telling.diff(verdict.diff)
        telling.show(f"{verdict.schedule}; next {', '.join(f'{at:%H:%M:%S}' for at in verdict.next_times)} UTC")


def _outcome(verdict: views.Verdict) -> tuple[str, str]:
    if not verdict.report.passed:
        return "refused", "red"
    return f"{'live' if verdict.live else 'proposed'} as {short(verdict.version)}", "green"


def _rehearsal(telling: Telling, detail: views.RunDetail) -> None:
    run = detail.run
    told = f"{run.state}, {run.error.message}" if run.error else f"{run.state}, {detail.output}"
    telling.say(AGENT, f"rehearses {short(run.version)}: ", (told, "red" if run.error else "green"))
