"""Runs in words that the model can act on."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from harness.agent.cut import cut
from harness.agent.limits import TOOL_RESULT
from harness.agent.tools.show_skill import show_time
from harness.agent.tools.views import Call, Error, LogLine, Run, RunDetail, Step

VALUE = 400  # characters of one step's result
OUTPUT = 3_000
TRACEBACK = 2_000
LINES = 30  # steps, log lines and calls that are shown, each the newest


def show_runs(runs: list[Run], zone: str) -> str:
    if not runs:
        return "No runs."
    return cut("\n".join(f"- {show_run(run, zone)}" for run in runs), TOOL_RESULT)


def show_run(run: Run, zone: str) -> str:
    """One line."""
    parts = [f"{run['id']} {run['skill']} {run['state']}", run["trigger"], show_time(run["created_at"], zone)]
    if run["reason"]:
        parts.append(run["reason"])
    if run["started_at"] and run["ended_at"]:
        parts.append(f"{_seconds(run['started_at'], run['ended_at']):.1f} s")
    if run["attempts"] > 1:
        parts.append(f"{run['attempts']} attempts")
    if run["cost_usd"]:
        parts.append(f"${run['cost_usd']:.4f}")
    if run["misfire"]:
        parts.append(f"misfire: {run['misfire']}")
    if run["error"]:
        parts.append(cut(f"{run['error']['type']}: {run['error']['message']}", VALUE))
    return " | ".join(parts)


def show_run_detail(detail: RunDetail, zone: str) -> str:
    """The run with its steps, calls and logs; what went wrong stands before what went well."""
    run = detail["run"]
    parts = [show_run(run, zone)]
    if run["error"] and run["error"]["traceback"]:
        parts.append(_tail(run["error"]["traceback"], TRACEBACK))
    if detail["nothing_to_report"]:
        parts.append(f"nothing to report: {detail['nothing_to_report']}")
    if detail["input"] is not None:
        parts.append(f"input: {_value(detail['input'], OUTPUT)}")
    parts.append(f"output: {_value(detail['output'], OUTPUT)}")
    parts += _section("steps", [_step(step) for step in detail["steps"]])
    parts += _section("calls", [_call(call) for call in detail["calls"]])
    parts += _section("log", [_log_line(line) for line in detail["logs"]])
    return cut("\n".join(parts), TOOL_RESULT)


def _section(title: str, lines: list[str]) -> list[str]:
    if not lines:
        return []
    older = len(lines) - LINES
    head = f"{title} ({older} older ones left out):" if older > 0 else f"{title}:"
    return [head, *(f"  {line}" for line in lines[-LINES:])]


def _step(step: Step) -> str:
    name = step["name"] if step["occurrence"] == 0 else f"{step['name']}#{step['occurrence'] + 1}"
    return f"{name} {step['state']}: {_error(step['error']) or _value(step['result'], VALUE)}"


def _call(call: Call) -> str:
    return f"{call['step']}: {_error(call['error']) or call['summary']}"


def _log_line(line: LogLine) -> str:
    fields = f" {_value(line['fields'], VALUE)}" if line["fields"] else ""
    return f"{line['level']}: {cut(line['message'], VALUE)}{fields}"


def _error(error: Error | None) -> str:
    return cut(f"{error['type']}: {error['message']}", VALUE) if error else ""


def _value(value: Any, limit: int) -> str:
    return cut(json.dumps(value, ensure_ascii=False), limit)


def _tail(text: str, limit: int) -> str:
    """The end of it: a traceback's last lines say the most."""
    return text if len(text) <= limit else f"[cut: {len(text) - limit:,} characters before]\n{text[-limit:]}"


def _seconds(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
