"""What the skill reported, run by run, beside what the shop had really asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.demo.script import SKILL
from harness.demo.stage import NotAsTold, Stage, wait_for
from sidecar.client import views
from sidecar.client.views import FINAL


@dataclass(frozen=True)
class Report:
    """One scheduled run that has ended well."""

    run: views.Run
    said: dict[str, float]  # its output
    asked: dict[str, float]  # by the shop's book, in the visits that the run's journal cites
    notice: str

    @property
    def is_right(self) -> bool:
        return self.said == self.asked


def scheduled(stage: Stage) -> list[views.Run]:
    """The skill's runs without rehearsals, oldest first."""
    found = stage.client.runs(skill=SKILL, limit=200)
    return [run for run in reversed(found) if run.trigger.startswith("every ")]


def reports_after(stage: Stage, last: str | None, number: int, what: str, version: str | None = None) -> list[Report]:
    """The first `number` reports of the runs after run `last`; with `version`, only of that one's."""

    def look() -> list[views.Run] | None:
        runs = scheduled(stage)
        names = [run.id for run in runs]
        later = runs[names.index(last) + 1 :] if last else runs
        wanted = [run for run in later if version in (None, run.version)]
        for run in wanted:
            expect_success(run)
        ended = [run for run in wanted if run.state in FINAL]
        return ended[:number] if len(ended) >= number else None

    return [report(stage, run) for run in wait_for(look, what)]


def expect_success(run: views.Run) -> None:
    if run.state in ("failed", "cancelled"):
        why = f"{run.error.type}: {run.error.message}" if run.error else run.reason
        raise NotAsTold(f"run {run.id} of {run.skill} was to succeed and is {run.state}. {why}")


def report(stage: Stage, run: views.Run) -> Report:
    detail = stage.client.run(run.id, step=views.EVERY_STEP)
    cited = cited_visits(detail)
    if not isinstance(detail.output, dict):
        raise NotAsTold(f"run {run.id} was to return the prices, and returned {detail.output!r}.")
    told = [notice for notice in stage.client.notices(limit=200) if notice.kind == "said"]  # not what Tend alerts to
    return Report(
        run=run,
        said={str(lamp): float(str(euros)) for lamp, euros in detail.output.items()},
        asked={visit.lamp: visit.euros for visit in stage.shop.visits if visit.number in cited},
        notice=next((notice.text for notice in told if notice.run == run.id), ""),
    )


def cited_visits(detail: views.RunDetail) -> list[int]:
    """The numbers that the shop gave the run's visits, as the journal has kept them with the replies."""
    replies: list[Any] = [call.reply for call in detail.calls if call.kind == "http" and call.reply]
    return [int(reply["headers"]["x-visit"]) for reply in replies]


def streak(reports: Sequence[Report]) -> int:
    """How many of the newest said the very same."""
    return next((n for n, one in enumerate(reversed(reports)) if one.said != reports[-1].said), len(reports))
