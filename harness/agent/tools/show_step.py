"""What a run's steps did, in a line each: what they asked for, what came of it, and what a rehearsal held back."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Any

from harness.agent.cut import one_line
from harness.agent.tools.views import Call, Error, Step
from skills.secrets import shown

VALUE = 400  # characters of a step's result, or of an error
ARGUMENTS = 200
TEXT = 500  # of what a step writes, sends or tells
REPLY = 300  # of what it got


def show_step(step: Step, *, rehearsal: bool, said: str = "") -> str:
    """`rehearsal`: what would have reached a person, or the next run, is marked as held back. `said` is the run's
    error, which the reader has seen."""
    held = HELD_BACK.get(step["kind"], "") if rehearsal else ""
    return _asked(step) + held + _outcome(step, said)


def show_calls(calls: Iterable[Call], *, said: str = "") -> list[str]:
    """A line each; the same call with the same end, as further tries make it, is told once."""
    attempts: dict[str, list[int]] = {}
    for call in calls:
        attempts.setdefault(f"{call['step']}: {_call(call, said)}", []).append(call["attempt"])
    return [f"{_times(numbers)}{line}" for line, numbers in attempts.items()]


def show_error(error: Error, *, said: str = "") -> str:
    message = error["message"]
    if message and (said == message or said.endswith(f": {message}")):
        return f"{error['type']}, as above"
    return one_line(f"{error['type']}: {error['message']}", VALUE)


def show_value(value: Any, limit: int) -> str:
    return one_line(json.dumps(value, ensure_ascii=False), limit)


# ---------------------------------------------------------------- steps

HELD_BACK = {
    "notify": " (not sent)",
    "emit": " (not emitted)",
    "state.put": " (not kept)",
    "sleep": " (not slept)",
    "approve": " (not asked)",
    "wait_for": " (not waited)",
}


def _asked(step: Step) -> str:
    asked = _mapping(step["arguments"])
    match step["kind"]:
        case "notify":
            return f"notify → {asked.get('target')}: {show_value(asked.get('text'), TEXT)}"
        case "emit":
            return f"emit {asked.get('name')} {show_value(asked.get('payload'), TEXT)}"
        case "state.put":
            return f"state.put {asked.get('name')} = {show_value(asked.get('value'), VALUE)}"
        case "state.get":
            return f"state.get {asked.get('name')}"
        case "sleep":
            return f"sleep {asked.get('seconds')} s"
        case "approve" | "question":
            return f"{step['kind']} {show_value(asked.get('question'), TEXT)}"
        case "ask":
            return f"ask {show_value(asked.get('prompt'), ARGUMENTS)}"
        case "invoke" | "start":
            return f"{step['kind']} {asked.get('skill')}({show_value(asked.get('input'), ARGUMENTS)})"
        case "wait_for":
            return f"wait_for {asked.get('name')}"
        case "step" | "irreversible":
            return f"{_name(step)}({_arguments(step['arguments'])})"
        case _:
            return _name(step)


def _outcome(step: Step, said: str) -> str:
    if step["error"]:
        tries = len(step["attempts"])
        after = f" after {tries} tries" if tries > 1 else ""
        return f" {step['state']}{after}: {show_error(step['error'], said=said)}"
    if step["state"] != "succeeded":
        return f" {step['state']}"
    result = _mapping(step["result"])
    match step["kind"]:
        case "notify" | "emit" | "state.put" | "sleep":
            return ""
        case "state.get":
            return f" = {show_value(result.get('value'), VALUE)}" if result.get("found") else ": nothing was put yet"
        case "approve":
            because = f": {result['because']}" if result.get("because") else ""
            return f" → {'yes' if result.get('approved') else 'no'}{because}"
        case "invoke":
            return f" → {show_value(step['result'], VALUE)} (run {step['child']})"
        case "wait_for":
            came = f" → {show_value(result.get('payload'), VALUE)}"
            return came if result else " → nothing came"
        case _:
            return f" succeeded: {show_value(step['result'], VALUE)}"


def _name(step: Step) -> str:
    return step["name"] if step["occurrence"] == 0 else f"{step['name']}#{step['occurrence'] + 1}"


def _arguments(given: Any) -> str:
    if not isinstance(given, dict):
        return show_value(given, ARGUMENTS)
    shown = ", ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in given.items())
    return one_line(shown, ARGUMENTS)


# ---------------------------------------------------------------- calls


def _times(attempts: list[int]) -> str:
    if len(attempts) == 1:
        return ""
    return f"{len(attempts)} tries, all: " if len(set(attempts)) > 1 else f"{len(attempts)} times: "


def _call(call: Call, said: str) -> str:
    match call["kind"]:
        case "http":
            return _http(call, said)
        case "files":
            return _files(call, said)
        case _:
            return show_error(call["error"], said=said) if call["error"] else call["summary"]


def _http(call: Call, said: str) -> str:
    asked, got = _mapping(call["request"]), _mapping(call["reply"])
    what = f"{asked.get('method')} {shown(asked.get('url', ''))}"
    sent = _content(asked)
    body = f" {show_value(sent, TEXT)}" if sent else ""
    if call["error"]:
        error: Error = {**call["error"], "message": call["error"]["message"].removeprefix(f"{what}: ")}
        return f"{what}{body} → {show_error(error, said=said)}"
    if call["stubbed"]:
        return f"{what}{body} (not sent)"
    kind = _mapping(got.get("headers")).get("content-type", "of unknown type")
    return f"{what}{body} → {got.get('status')} {kind}: {one_line(_content(got), REPLY)}"


def _files(call: Call, said: str) -> str:
    asked, got = _mapping(call["request"]), _mapping(call["reply"])
    what = f"{asked.get('action')} {asked.get('path')}"
    if call["error"]:
        return f"{what} → {show_error(call['error'], said=said)}"
    match asked.get("action"):
        case "write":
            text = str(asked.get("text", ""))
            held = " (not written)" if call["stubbed"] else ""
            return f"{what} ({len(text):,} characters){held}: {show_value(text[:TEXT], 2 * TEXT)}"
        case "read":
            text = str(got.get("text", ""))
            return f"{what} ({len(text):,} characters): {show_value(text[:REPLY], 2 * REPLY)}"
        case _:
            return f"{what} → {show_value(got.get('paths'), REPLY)}"


def _content(message: dict[str, Any]) -> str:
    """The text of a request or a reply, as far as it came: an excerpt may end within a character."""
    if message.get("content"):  # secrets are in it
        return shown(message["content"])
    return base64.b64decode(message.get("content_base64") or "").decode(errors="replace")


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
