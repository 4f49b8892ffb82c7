"""It runs on its schedule; each run is a row with its steps, and reports what the shop asks at that moment."""

from __future__ import annotations

from harness.demo.reports import reports_after
from harness.demo.stage import NotAsTold, Stage
from harness.demo.telling import Telling, short

REPORTS = 3


def tell(stage: Stage, telling: Telling) -> None:
    telling.chapter("It runs by itself")
    reports = reports_after(stage, None, REPORTS, f"{REPORTS} reports on schedule")
    telling.say(f"{REPORTS} runs, and none of them was started by anybody:")
    telling.reports(reports)
    if not all(one.is_right for one in reports):
        raise NotAsTold("the skill was to report what the shop asked, and did not.")
    last = reports[-1].run
    telling.say(f"run {short(last.id)}, step by step, as the journal has it:")
    telling.steps(stage.client.run(last.id))
