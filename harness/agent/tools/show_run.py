"""Runs in words that the model can act on."""

from __future__ import annotations

import re
from datetime import datetime

from harness.agent.cut import cut, one_line
from harness.agent.limits import TOOL_RESULT
from harness.agent.tools.show_skill import show_time
from harness.agent.tools.show_step import VALUE, show_calls, show_error, show_step, show_value
from harness.agent.tools.views import LogLine, Run, RunDetail

OUTPUT = 3_000
TRACEBACK = 2_000
LINES = 30  # steps, log lines and calls that are shown, each the newest
VERSION = 12  # letters of a version's hash

NOT_HANDLED = "For real, its on_failure handler would run now; it was not rehearsed."


def show_runs(runs: list[Run], zone: str) -> str:
    if not runs:
        return "No runs."
    return cut("\n".join(f"- {show_run(run, zone)}" for run in runs), TOOL_RESULT)


def show_run(run: Run, zone: str) -> str:
    """One line, with what came of it."""
    came = [run["result"]] if run["result"] else []
    return " | ".join([*_facts(run, zone), *came, *(f"told {told}" for told in run["told"])])


def show_run_detail(detail: RunDetail, zone: str) -> str:
    """The run with its steps, calls and logs; what went wrong stands before what went well."""
    run = detail["run"]
    parts = [" | ".join(_facts(run, zone))]
    if detail["has_on_failure"] and run["rehearsal"] and run["state"] == "failed":
        parts.append(NOT_HANDLED)
    if run["error"] and run["error"]["traceback"]:
        parts.append(_tail(run["error"]["traceback"], TRACEBACK))
    parts.append(f"version {run['version'][:VERSION]}" + (f", part of run {run['parent']}" if run["parent"] else ""))
    if detail["nothing_to_report"]:
        parts.append(f"nothing to report: {detail['nothing_to_report']}")
    if detail["input"] is not None:
        parts.append(f"input: {show_value(detail['input'], OUTPUT)}")
    parts.append(f"output: {show_value(detail['output'], OUTPUT)}")
    said = run["error"]["message"] if run["error"] else ""
    parts += _section("steps", [show_step(step, rehearsal=run["rehearsal"], said=said) for step in detail["steps"]])
    parts += _section("calls", show_calls(detail["calls"], said=said))
    parts += _section("runs that it started", [show_run(child, zone) for child in detail["children"]])
    parts += _section("log", [_log_line(line) for line in detail["logs"]])
    return cut("\n".join(parts), TOOL_RESULT)


def _facts(run: Run, zone: str) -> list[str]:
    parts = [f"{run['id']} {run['skill']} {run['state']}", _trigger(run["trigger"]), show_time(run["created_at"], zone)]
    if run["reason"]:
        parts.append(one_line(run["reason"], VALUE))
    if run["started_at"] and run["ended_at"]:
        parts.append(f"{_seconds(run['started_at'], run['ended_at']):.1f} s")
    if run["attempts"] > 1:
        parts.append(f"{run['attempts']} attempts")
    if run["cost_usd"]:
        parts.append(f"${run['cost_usd']:.4f}")
    if run["misfire"]:
        parts.append(f"misfire: {run['misfire']}")
    if run["error"]:
        parts.append(show_error(run["error"]))
    return parts


def _trigger(trigger: str) -> str:
    """A slot's name as what it is: `every 300 s at 2026-11-21T06:05:00.000+00:00` is a schedule's time."""
    slot = re.fullmatch(r"((?:cron|every|at) .+) at \S+", trigger)
    return f"by its schedule ({slot[1]})" if slot else trigger


def _section(title: str, lines: list[str]) -> list[str]:
    if not lines:
        return []
    head = f"{title} (older ones are left out):" if len(lines) > LINES else f"{title}:"
    return [head, *(f"  {line}" for line in lines[-LINES:])]


def _log_line(line: LogLine) -> str:
    fields = f" {show_value(line['fields'], VALUE)}" if line["fields"] else ""
    return f"{line['level']}: {one_line(line['message'], VALUE)}{fields}"


def _tail(text: str, limit: int) -> str:
    """The end of it: a traceback's last lines say the most."""
    return text if len(text) <= limit else f"[cut: {len(text) - limit:,} characters before]\n{text[-limit:]}"


def _seconds(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
