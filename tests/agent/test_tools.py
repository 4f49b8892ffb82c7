"""What the tools offer, and how the sidecar's answers read."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest

from harness.agent.limits import TOOL_RESULT
from harness.agent.tools import views as shown
from harness.agent.tools.show_run import LINES, show_run_detail, show_runs
from harness.agent.tools.show_skill import show_report, show_skills, show_verdict, show_verdicts
from harness.agent.tools.show_why import show_why
from harness.agent.tools.toolbox import TOOLS
from sidecar.client import views
from tests.agent.talk import FILE, HASH, MANIFEST, PROBLEM, call_row, run_detail, run_row, step_row, verdict

ZONE = "Europe/Berlin"
VIEWS = [
    "Problem",
    "Report",
    "Verdict",
    "Source",
    "Error",
    "Run",
    "Skill",
    "Step",
    "LogLine",
    "Call",
    "RunDetail",
    "Version",
]


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.tool_name())
def test_each_tool_says_what_it_is_for_and_what_it_takes(tool: Any) -> None:
    offer = tool.offer()
    assert offer["description"].endswith(".")
    assert offer["input_schema"]["type"] == "object"
    assert offer["input_schema"]["additionalProperties"] is False


@pytest.mark.parametrize(
    "name", [*VIEWS, "Look", "MemoryFile", "Quarantine", "Slot", "ScheduleHistory", "Obstacle", "Why"]
)
def test_what_the_model_is_shown_exists_in_the_sidecars_views(name: str) -> None:
    view = getattr(views, name)
    assert set(getattr(shown, name).__annotations__) <= set(view.model_fields)


def test_a_turn_imports_nothing_heavy() -> None:
    heavy = "rich typer httpx2 anthropic sqlalchemy sidecar"
    code = f"import sys, harness.agent.entry; print([m for m in {heavy!r}.split() if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_verdict_that_is_not_live_is_a_proposal() -> None:
    outcome = show_verdict(verdict(live=False), ZONE)  # type: ignore[arg-type]  # JSON, as it arrives
    assert not outcome.is_error
    assert outcome.text.startswith("Proposed: price_report passed the check. It is not live until it is accepted. To")


def test_a_proposal_of_what_is_active_already_is_none() -> None:
    outcome = show_verdict(verdict(live=False) | {"hash": None}, ZONE)  # type: ignore[arg-type]  # JSON, as it arrives
    assert outcome.text.startswith("Unchanged: price_report")


def test_a_report_lists_its_problems_up_to_a_bound() -> None:
    many: Any = {"skill": "x", "hash": HASH, "problems": [PROBLEM] * 500, "manifest": None}
    outcome = show_report(many)
    assert outcome.is_error
    assert outcome.text.endswith("and 480 more problems")
    passed: Any = {"skill": "x", "hash": HASH, "problems": [], "manifest": MANIFEST}
    assert show_report(passed).text == f"x: the check passed for {HASH[:12]}."


def test_a_helpers_write_shows_the_verdict_of_each_skill() -> None:
    verdicts: Any = [verdict(), verdict(problems=(PROBLEM,))]
    outcome = show_verdicts("lib/prices.py", FILE, verdicts, ZONE)
    assert outcome.is_error
    assert "Live: price_report" in outcome.text
    assert "It reaches prices.example.com." in outcome.text
    assert "Refused: price_report" in outcome.text
    alone = show_verdicts("lib/prices.py", FILE, [], ZONE)
    assert alone.text == f"Wrote lib/prices.py. To change it: base={FILE[:12]}\nNo skill imports it yet."


def test_a_skill_is_one_line() -> None:
    skill: Any = {
        "name": "price_report",
        "purpose": "Report prices.",
        "origin": "workspace",
        "version": None,
        "schedule": "every hour",
        "next_at": "2026-11-21T09:00:00Z",
        "paused": False,
        "paused_reason": None,
        "quarantine": None,
        "last_run": run_row(state="failed"),
        "problems": 2,
        "waits": None,
    }
    assert show_skills([skill], ZONE) == (
        "- price_report (workspace): Report prices. | every hour | next Sat 2026-11-21 10:00 | nothing has passed the "
        "check yet | the file as it is now was refused with 2 problems (check_report) | last run 01RUN failed"
    )
    assert " | paused: too loud | " in show_skills([skill | {"paused": True, "paused_reason": "too loud"}], ZONE)
    waiting = skill | {"problems": 0, "waits": "ap1", "last_run": None, "next_at": None}
    waits = "passed the check, and waits for the person's yes (tend approvals show ap1)"
    assert show_skills([waiting], ZONE) == f"- price_report (workspace): Report prices. | every hour | {waits}"
    newer = show_skills([waiting | {"version": HASH}], ZONE)
    assert newer.endswith(f"| every hour | the file as it is now {waits}")


def test_a_failed_run_shows_its_error_and_the_steps_before_it() -> None:
    error = {"type": "KeyError", "message": "'price'", "traceback": "line 7, in fetch"}
    step = step_row(occurrence=1, state="failed", result=None, error=error, attempts=[{"number": 1}, {"number": 2}])
    log = {"level": "info", "step": None, "message": "asked", "fields": {"shop": "a"}}
    failed = run_row(state="failed", error=error, misfire="within 5 s", attempts=2, cost_usd=0.01)
    detail: Any = run_detail(run=failed, output=None, steps=[step], logs=[log], calls=[call_row()])
    head, *rest = show_run_detail(detail, ZONE).splitlines()
    assert head.split(" | ") == [
        "01RUN price_report failed",
        "rehearsal",
        "Sat 2026-11-21 09:00",
        "2.0 s",
        "2 attempts",
        "$0.0100",
        "misfire: within 5 s",
        "KeyError: 'price'",
    ]
    assert rest == [
        "line 7, in fetch",
        f"version {HASH[:12]}",
        "output: null",
        "steps:",
        '  fetch#2(shop="a") failed after 2 tries: KeyError, as above',
        "calls:",
        '  fetch: GET https://shop/ → 200 application/json: {"price": 3}',
        "log:",
        '  info: asked {"shop": "a"}',
    ]


def test_a_run_of_any_size_is_shown_within_the_bound() -> None:
    detail: Any = run_detail(steps=[step_row(result="x" * 10_000)] * 1_000, output="y" * 100_000)
    text = show_run_detail(detail, ZONE)
    assert len(text) < TOOL_RESULT + 100
    assert "steps (older ones are left out):" in text
    assert text.count("fetch(") <= LINES
    rows: Any = [run_row()] * 1_000
    assert len(show_runs(rows, ZONE)) < TOOL_RESULT + 100


def test_why_tells_each_slot_and_each_obstacle() -> None:
    skill = views.Skill(
        name="ticker",
        purpose="Tick.",
        origin="workspace",
        version=HASH,
        schedule="every hour",
        next_at=None,
        paused=True,
    )
    at = datetime(2026, 11, 21, 9, tzinfo=UTC)
    slots = (views.Slot(due_at=at, outcome="paused", reason="the skill is paused", run=None),)
    why = views.Why(
        skill=skill,
        obstacles=(views.Obstacle(kind="paused", told="Person paused it.", since=at),),
        schedules=(views.ScheduleHistory(schedule="every hour", declared=True, next_times=(at,), slots=slots),),
        events=(views.Heard(name="paid", id="1", at=at, outcome="limited", reason="too many", run=None),),
    )
    text = show_why(why.model_dump(mode="json"), ZONE)  # type: ignore[arg-type]  # JSON, as it arrives
    assert "paused: Person paused it. Since Sat 2026-11-21 10:00." in text
    assert "- Sat 2026-11-21 10:00 paused: the skill is paused" in text
    assert "- Sat 2026-11-21 10:00 paid limited: too many" in text
    assert "Next: Sat 2026-11-21 10:00" in text
