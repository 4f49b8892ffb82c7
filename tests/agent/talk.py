"""What the model says and what the sidecar answers in these tests."""

from __future__ import annotations

import base64
from typing import Any

from harness.agent.entry import agent
from harness.agent.message import Reply
from skills.wire import Succeeded
from tests.agent.scripted_sidecar import ScriptedSidecar

HASH = "a" * 64
FILE = "f" * 64
MANIFEST = {"name": "price_report", "purpose": "Report prices.", "takes_input": False}

RECALLED: dict[str, Any] = {
    "soul": "Be kind.",
    "user": "Ada.",
    "memory": "Reports go to #ops.",
    "notes": [],
    "skills": [],
    "messages": [],
    "zone": "Europe/Berlin",
    "now": "2026-11-21T09:00:00+01:00",
}


def says(text: str, stop: str = "end_turn") -> dict[str, Any]:
    return {"content": [{"type": "text", "text": text}], "stop_reason": stop, "model": "m", "usage": {}}


def calls(*wanted: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    blocks = [
        {"type": "tool_use", "id": f"call_{n}", "name": name, "input": given} for n, (name, given) in enumerate(wanted)
    ]
    thought = {"type": "thinking", "thinking": "I look.", "signature": "s"}
    return {"content": [thought, *blocks], "stop_reason": "tool_use", "model": "m", "usage": {}}


def verdict(*, problems: tuple[dict[str, Any], ...] = (), live: bool = True) -> dict[str, Any]:
    return {
        "report": {
            "skill": "price_report",
            "hash": HASH,
            "problems": list(problems),
            "manifest": None if problems else MANIFEST,
            "seconds": 0.1,
        },
        "live": live and not problems,
        "version": HASH,
        "diff": "",
        "hash": FILE,
        "next_times": ["2026-11-23T08:00:00Z"],
        "schedule": "at 09:00 on Monday",
        "card": None if problems else {"may": ["reaches prices.example.com"], "secrets": [], "wider": []},
        "approval": None,
        "denied": None,
    }


PROBLEM = {
    "stage": "types",
    "file": "skills/price_report.py",
    "line": 7,
    "column": 4,
    "reason": "Incompatible return value type (got int, expected str)",
    "fix": "Return str(price).",
    "source": "    return price",
}

WRITE = ("write_skill", {"name": "price_report", "text": "x = 1\n", "base": None, "reason": "new"})
EDIT = (
    "edit_skill",
    {"name": "price_report", "edits": [{"old": "x = 1", "new": "x = 2"}], "base": HASH, "reason": "mend"},
)


def run_row(**changed: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": "01RUN",
        "skill": "price_report",
        "version": HASH,
        "state": "succeeded",
        "reason": None,
        "trigger": "rehearsal",
        "created_at": "2026-11-21T08:00:00Z",
        "started_at": "2026-11-21T08:00:00Z",
        "ended_at": "2026-11-21T08:00:02Z",
        "attempts": 1,
        "parent": None,
        "cost_usd": None,
        "error": None,
        "misfire": None,
        "rehearsal": True,
        "result": "",
        "told": [],
    }
    return row | changed


def run_detail(**changed: Any) -> dict[str, Any]:
    detail: dict[str, Any] = {
        "run": run_row(),
        "input": None,
        "output": {"price": 3},
        "nothing_to_report": None,
        "steps": [step_row()],
        "logs": [],
        "calls": [],
        "children": [],
        "has_on_failure": False,
    }
    return detail | changed


def step_row(**changed: Any) -> dict[str, Any]:
    row = {
        "name": "fetch",
        "occurrence": 0,
        "kind": "step",
        "state": "succeeded",
        "arguments": {"shop": "a"},
        "result": 3,
        "error": None,
        "attempts": [{"number": 1}],
        "child": None,
    }
    return row | changed


def call_row(**changed: Any) -> dict[str, Any]:
    row = {
        "step": "fetch",
        "attempt": 1,
        "kind": "http",
        "summary": "GET https://shop/ → 200",
        "request": {"method": "GET", "url": "https://shop/"},
        "reply": reply(b'{"price": 3}'),
        "error": None,
        "stubbed": False,
    }
    return row | changed


def reply(content: bytes, *, kind: str = "application/json") -> dict[str, Any]:
    return {"status": 200, "headers": {"content-type": kind}, "content_base64": base64.b64encode(content).decode()}


def sidecar(*replies: Any, **commands: object) -> ScriptedSidecar:
    """With the commands of every turn; others by name, their dots written as two underscores."""
    named = {name.replace("__", "."): answer for name, answer in commands.items()}
    return ScriptedSidecar(replies=replies, commands={"chat.recall": RECALLED, "chat.remember": None} | named)


def ask(port: ScriptedSidecar, text: str = "Report prices on Mondays.", **more: Any) -> Reply:
    end = port.attempt(agent, {"session": "s1", "text": text, **more})
    assert isinstance(end.result, Succeeded), end.result
    return Reply.model_validate(end.result.output)


def results(port: ScriptedSidecar) -> list[dict[str, Any]]:
    """All tool results that the model has read in the turn."""
    messages = port.done("chat.remember")[0]["messages"]
    blocks = [block for message in messages if isinstance(message["content"], list) for block in message["content"]]
    return [block for block in blocks if block["type"] == "tool_result"]
