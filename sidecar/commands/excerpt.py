"""A run as the agent is shown it: its newest parts, and the beginning of what is long.

What a command answers is remembered by the agent's own run, and must be small enough for that however much a skill
read: a page of ten megabytes, or a thousand steps.
"""

from __future__ import annotations

import json

from pydantic import JsonValue

from sidecar.client import views

NEWEST = 40  # steps, calls, log lines and runs below it
TEXT = 2_000  # characters of a text
VALUE = 8_000  # of a value's JSON


def run_excerpt(detail: views.RunDetail) -> views.RunDetail:
    return detail.model_copy(
        update={
            "input": excerpt(detail.input),
            "output": excerpt(detail.output),
            "steps": tuple(
                step.model_copy(update={"arguments": excerpt(step.arguments), "result": excerpt(step.result)})
                for step in detail.steps[-NEWEST:]
            ),
            "calls": tuple(
                call.model_copy(update={"request": excerpt(call.request), "reply": excerpt(call.reply)})
                for call in detail.calls[-NEWEST:]
            ),
            "logs": detail.logs[-NEWEST:],
            "children": detail.children[-NEWEST:],
        }
    )


def excerpt(value: JsonValue) -> JsonValue:
    """The value, with its longer texts cut. Where it is still too long, the beginning of its JSON; an object keeps its
    names, each with the beginning of what it holds, unless they alone are too long."""
    if isinstance(value, str):
        return value[:TEXT]
    if isinstance(value, dict):
        value = {name: part[:TEXT] if isinstance(part, str) else part for name, part in value.items()}
        if len(_json(value)) > VALUE:
            value = {name: _beginning(part) for name, part in value.items()}
    text = _json(value)
    return value if len(text) <= VALUE else text[:VALUE]


def _beginning(part: JsonValue) -> JsonValue:
    text = _json(part)
    return part if isinstance(part, str) or len(text) <= TEXT else text[:TEXT]


def _json(value: JsonValue) -> str:
    return json.dumps(value, ensure_ascii=False)
