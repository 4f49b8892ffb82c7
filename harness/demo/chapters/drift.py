"""The shop gets a new layout. Every run goes on succeeding, and every report is stale."""

from __future__ import annotations

from harness.demo.reports import Report, reports_after, scheduled, streak
from harness.demo.stage import NotAsTold, Stage
from harness.demo.telling import Telling

STALE = 5  # equal reports in a row: nobody looks at them, and by then the history shows it


def tell(stage: Stage, telling: Telling) -> None:
    telling.chapter("The shop changes its pages, and nobody notices")
    last = scheduled(stage)[-1].id
    stage.shop.redesign()
    telling.say("The shop has a new layout. Nobody tells the skill, which runs on:")
    reports: list[Report] = []
    while not reports or streak(reports) < STALE:
        (one,) = reports_after(stage, reports[-1].run.id if reports else last, 1, "a further report")
        reports.append(one)
        if len(reports) > 2 * STALE:
            raise NotAsTold(f"the report was to go stale; {len(reports)} runs after the redesign it still varies.")
    telling.reports(reports[-STALE:])
    if any(one.is_right for one in reports[-STALE:]):
        raise NotAsTold("the last reports were to be wrong, and are right.")
    failed = stage.client.status().failed_today
    if failed:
        raise NotAsTold(f"no run was to fail, and {failed} did: the drift is not silent.")
    telling.say(f"{STALE} wrong reports, all of them {reports[-1].run.state}. Failed today: {failed}.")
