"""One line for each thing that happens, for whoever watches: `tend up`, and a run that is followed."""

from __future__ import annotations

from pydantic import TypeAdapter
from rich.text import Text

from harness.words import Words, colour, count, state
from sidecar.client import views

QUIET_TRIGGERS = ("chat",)  # the person reads the answer in the chat


HELD = "stopped by a person; it goes on after a start: tend status says of what"


def noteworthy(moment: views.Moment, words: Words) -> Text | None:
    """The line for a person who watches the sidecar; None where the moment is not worth one."""
    data = {name: str(value) for name, value in moment.data.items() if value is not None}
    match moment.topic:
        case "check":
            return _check(moment, words)
        case "skill":
            return _line(moment, words, *_SKILL.get(data["what"], ("active", "●")), f"{data['skill']} {_what(data)}")
        case "run" if data["state"] in views.FINAL and data.get("trigger") not in QUIET_TRIGGERS:
            ended = f"{data['skill']} {data['state']} ({words.id(data['run'])}, {data.get('trigger', 'call')})"
            return _line(moment, words, data["state"], state(data["state"])[0], ended)
        case "notice" if data.get("kind") != "failed":  # the run's own line says so
            return _line(moment, words, "open", "✉", f"{data['skill']} → {data['target']}: {data['text']}")
        case "approval" if data["state"] == "open":
            return _line(moment, words, "open", "?", f"waits for you: {data['question']}")
        case "stop":
            told = f"{data.get('skill', 'everything')} is {data['state']} by {data['by']}"
            because = f": {data['reason']}" if data["reason"] else ""
            return _line(moment, words, data["state"], "⏹" if data["state"] == "stopped" else "●", told + because)
        case "proposal" if data["state"] == "open":
            return _line(moment, words, "open", "✎", f"a revision of {data['skill']} is proposed")
        case _:
            return None


def problems(check: views.Moment) -> list[views.Problem]:
    """What the check found."""
    return TypeAdapter(list[views.Problem]).validate_python(check.data["problems"])


def step_line(moment: views.Moment, words: Words) -> Text | None:
    """The line for a person who follows one run."""
    data = {name: str(value) for name, value in moment.data.items() if value is not None}
    match moment.topic:
        case "step" if data["state"] != "running":
            return _line(moment, words, data["state"], state(data["state"])[0], f"{data['step']} {data['state']}")
        case "retry":
            return _line(moment, words, "retrying", "↻", f"tried again in {data.get('wait', '?')} s: {data['error']}")
        case "run" if data["state"] == "waiting":
            return _line(moment, words, "waiting", "⏸", "waiting")
        case "run" if data.get("reason") == "stopped":
            return _line(moment, words, "stopped", "⏹", HELD)
        case "notice" | "approval":
            return noteworthy(moment, words)
        case _:
            return None


# How a skill's news look; all others are good ones.
_SKILL = {"quarantined": ("quarantined", "⊘"), "paused": ("paused", "⏸"), "retired": ("retired", "○")}


def _what(data: dict[str, str]) -> str:
    return "has recovered" if data["what"] == "recovered" else f"is {data['what']}"


def _check(moment: views.Moment, words: Words) -> Text:
    skill = moment.data["skill"]
    if moment.data["passed"]:
        return _line(moment, words, "succeeded", "✓", f"{skill} passes the check")
    return _line(moment, words, "failed", "✗", f"{skill} is refused: {count(len(problems(moment)), 'problem')}")


def _line(moment: views.Moment, words: Words, style: str, symbol: str, text: str) -> Text:
    return Text.assemble((words.clock(moment.at), "dim"), " ", (symbol, colour(style)), " ", text)
