"""The world of a rehearsal: a clock that only waits move, and whatever else the test scripts."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import ValidationError

from skills.approval import Approval
from skills.definition import Declaration
from skills.errors import WrongType
from skills.http import Reply
from skills.limits import (
    FILE_AT_MOST,
    Approve,
    Emit,
    Notify,
    Sleep,
    WaitFor,
    event_fault,
    is_declared,
    paths_found,
    protected_part,
)
from skills.secrets import names_in, shown
from skills.shell import Finished
from skills.testing.script import Script, Unscripted
from skills.values import encode_remembered, encode_untyped, explain
from skills.wire import Json


@dataclass(frozen=True)
class Notice:
    target: str
    text: str


@dataclass(frozen=True)
class Started:
    """A run that was started and not waited for."""

    skill: str
    input: Json


@dataclass(frozen=True)
class Emitted:
    """An event as the run told it."""

    name: str
    payload: Json


@dataclass(frozen=True)
class SentRequest:
    """An HTTP request as it left a step: `[secret NAME]` stands where the gateway would put the value."""

    method: str
    url: str
    headers: Mapping[str, str]
    content: bytes

    def json(self) -> Any:
        return json.loads(self.content)


class NotDeclared(Exception):
    """What the gateway refuses, the rehearsal refuses too."""


class FileRefused(Exception):
    """So with files, by the sidecar's name for it."""


class EventName(Exception):
    """So with an event that may not be called so."""


@dataclass
class World:
    """Everything outside of the skill. The lists record what the skill did to it."""

    declaration: Declaration
    now: datetime
    http: Script
    programs: Script
    files: dict[str, str]
    invokes: Script
    waits: Script
    commands: Script
    asks: Sequence[object]
    approvals: Sequence[bool | Approval]
    answers: Sequence[str]
    state: dict[str, Json]
    notices: list[Notice] = field(default_factory=list)
    started: list[Started] = field(default_factory=list)
    events: list[Emitted] = field(default_factory=list)
    requests: list[SentRequest] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    prompts: list[dict[str, Any]] = field(default_factory=list)

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    # ------------------------------------------------------------ effects of steps

    def send(self, request: dict[str, Any]) -> Json:
        sent = _as_sent(request)
        for name in _secrets_of(request) - {*self.declaration.secrets}:
            raise NotDeclared(f"secret {name!r} is not declared; add it to secrets=[...] of @skill")
        host = _host(sent.url)
        if host not in self.declaration.hosts:
            raise NotDeclared(f"host {host!r} is not declared; add it to hosts=[...] of @skill")
        self.requests.append(sent)
        with_method = f"{sent.method} {sent.url}"
        answer = self.http.next(
            sent.url if sent.url in self.http and with_method not in self.http else with_method, sent
        )
        if isinstance(answer, Exception):
            raise answer
        return _wire_reply(answer, sent.url)

    def run_program(self, argv: list[str]) -> Json:
        if argv[0] not in self.declaration.commands:
            raise NotDeclared(f"the program {argv[0]!r} is not declared; add it to commands=[...] of @skill")
        whole = " ".join(argv)
        answer = self.programs.next(whole if whole in self.programs else argv[0], argv)
        if isinstance(answer, Exception):
            raise answer
        finished = answer if isinstance(answer, Finished) else Finished(status=0, output=str(answer))
        return finished.model_dump()

    def touch_file(self, request: dict[str, Any]) -> Json:
        path: str = request["path"]
        reads = self.declaration.reads + self.declaration.writes
        match request["action"]:
            case "list":
                readable = [
                    name
                    for name in self.files
                    if is_declared(name, reads)
                    and not name.startswith("/")
                    and not protected_part(PurePosixPath(name), writes=False)
                ]
                return {"paths": [*_found(path, readable)]}
            case "write":
                _refuse_file(path, self.declaration.writes, "writes")
                _refuse_size(path, request["text"])
                self.files[path] = request["text"]
                return {}
        _refuse_file(path, reads, "reads")
        if path not in self.files:
            raise FileNotFoundError(f"there is no file {path!r}")
        _refuse_size(path, self.files[path])
        return {"text": self.files[path]}

    def reply_of_model(self, request: dict[str, Any]) -> Json:
        self.prompts.append(request)
        answer = _nth(self.asks, len(self.prompts), "asks", "the model was asked")
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, dict) and "content" in answer:
            return encode_untyped(answer, "asks=")
        text = answer if isinstance(answer, str) else json.dumps(encode_untyped(answer, "asks="))
        return {
            "content": [{"type": "text", "text": text}],
            "stop_reason": "end_turn",
            "model": "scripted",
            "usage": {},
            "cost_usd": None,
        }

    # ------------------------------------------------------------ what the sidecar answers

    def answer(self, kind: str, arguments: dict[str, Any]) -> Json:
        """The result of a request. Raises what the script says, and `WrongType`."""
        try:
            return self._answer(kind, arguments)
        except ValidationError as error:
            raise WrongType(explain(error)) from error

    def _answer(self, kind: str, arguments: dict[str, Any]) -> Json:
        match kind:
            case "sleep":
                self.advance(Sleep.model_validate(arguments).seconds)
                return None
            case "now":
                return self.now.astimezone(UTC).isoformat()
            case "notify":
                told = Notify.model_validate(arguments)
                self.notices.append(Notice(told.target, told.text))
                return {"notice": f"notice-{len(self.notices)}"}
            case "start" | "emit" | "wait_for":
                return self._others(kind, arguments)
            case "approve":
                return self._approval(Approve.model_validate(arguments).question)
            case "question":
                return self._person(arguments["question"])
            case "invoke":
                return _raise_or_encode(self.invokes.next(arguments["skill"], arguments["input"]), "invokes=")
            case "command":
                scripted = self.commands.next(arguments["name"], **arguments["arguments"])
                return _raise_or_encode(scripted, "commands=")
            case "state.get":
                name = arguments["name"]
                return {"found": name in self.state, "value": self.state.get(name)}
            case "state.put":
                self.state[arguments["name"]] = arguments["value"]
                return None
        raise Unscripted(f"a rehearsal cannot answer {kind!r}")

    def _others(self, kind: str, arguments: dict[str, Any]) -> Json:
        """What other skills are told, and what they tell."""
        if kind == "start":
            self.started.append(Started(arguments["skill"], arguments["input"]))
            return f"run-{len(self.started)}"
        if kind == "emit":
            told = Emit.model_validate(arguments)
            _refuse_event(told.name, own=True)
            self.events.append(Emitted(told.name, told.payload))
            return {"event": told.id, "is_new": True}
        wanted = WaitFor.model_validate(arguments)
        _refuse_event(wanted.name, own=False)
        came = _raise_or_encode(self.waits.next(wanted.name), "waits=")
        if came is None:
            self.advance(wanted.seconds)
            return None
        return {"event": "rehearsal", "payload": came}

    def _approval(self, question: str) -> Json:
        self.questions.append(question)
        answer = _nth(self.approvals, len(self.questions), "approvals", f"{question!r} was asked")
        approval = answer if isinstance(answer, Approval) else Approval(approved=answer, by="rehearsal")
        return encode_untyped(approval, "approvals=")

    def _person(self, question: str) -> Json:
        self.questions.append(question)
        return {
            "answer": _nth(self.answers, len(self.questions), "answers", f"{question!r} was asked"),
            "by": "rehearsal",
        }


def _as_sent(request: dict[str, Any]) -> SentRequest:
    plain = base64.b64decode(request.get("content_base64", ""))
    return SentRequest(
        request["method"],
        shown(request["url"]),
        {name: shown(value) for name, value in request["headers"].items()},
        shown(request["content"]).encode() if "content" in request else plain,
    )


def _secrets_of(request: dict[str, Any]) -> frozenset[str]:
    texts = [request["url"], *request["headers"].values(), request.get("content", "")]
    return frozenset(name for text in texts for name in names_in(text))


def _host(url: str) -> str:
    """The host as it is declared: with its port, unless that is the scheme's own."""
    parts = urlsplit(url)
    usual = parts.port in (None, 443 if parts.scheme == "https" else 80)
    return (parts.hostname or "") if usual else f"{parts.hostname}:{parts.port}"


def _nth(answers: Sequence[Any], use: int, option: str, what: str) -> Any:
    if use > len(answers):
        raise Unscripted(f"{what} (number {use}), {option}= has {len(answers)}: add an answer to rehearse(...)")
    return answers[use - 1]


def _raise_or_encode(answer: object, place: str) -> Json:
    if isinstance(answer, Exception):
        raise answer
    return encode_remembered(answer, place)


def _found(pattern: str, names: Sequence[str]) -> list[str]:
    """Those that the pattern finds in a real folder, where `*` stops at each `/`."""
    if pattern.startswith("/") or ".." in PurePosixPath(pattern).parts:
        raise FileRefused(f"{pattern!r} leaves the workspace; name paths relative to it")
    with TemporaryDirectory() as folder:
        for name in names:
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        try:
            found = [path.relative_to(folder).as_posix() for path in paths_found(Path(folder), pattern)]
        except ValueError as error:  # what no pattern can be
            raise FileRefused(f"{pattern!r}: {error}") from error
    return [name for name in found if name in names]


def _refuse_file(path: str, globs: Sequence[str], field: Literal["reads", "writes"]) -> None:
    if not is_declared(path, globs):
        raise FileRefused(f"{path!r} is not declared; add it to {field}=[...] of @skill")
    if protected := protected_part(PurePosixPath(path), writes=field == "writes"):
        raise FileRefused(f"{path!r} leads to {protected}, which is not for skills")


def _refuse_size(path: str, text: str) -> None:
    if len(text.encode()) > FILE_AT_MOST:
        raise FileRefused(f"{path} has more than {FILE_AT_MOST:,} bytes, the most one file may have")


def _refuse_event(name: str, *, own: bool) -> None:
    if fault := event_fault(name, own=own):
        raise EventName(fault)


def _wire_reply(answer: object, url: str) -> Json:
    """A `Reply` as it is, text as text, anything else as JSON with status 200."""
    if isinstance(answer, Reply):
        content, status, headers, url = answer.content, answer.status, dict(answer.headers), answer.url
    elif isinstance(answer, str):
        content, status, headers = answer.encode(), 200, {"content-type": "text/plain; charset=utf-8"}
    else:
        content = json.dumps(encode_untyped(answer, "http=")).encode()
        status, headers = 200, {"content-type": "application/json"}
    return {
        "status": status,
        "headers": {**headers},
        "content_base64": base64.b64encode(content).decode(),
        "url": url,
    }
