"""A `Port` that remembers like the sidecar, answers like a script, and can kill the worker at any question."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

from sidecar.journal.steps import VALUE_AT_MOST
from skills import Skill
from skills.execute import execute
from skills.port import Ask, Tell
from skills.wire import (
    Begin,
    Code,
    Done,
    Effect,
    End,
    ErrorInfo,
    Fail,
    Failed,
    Finish,
    Go,
    Json,
    Log,
    Ok,
    Request,
    Start,
    StepKey,
    Suspend,
)

STARTED = datetime(2026, 11, 21, 8, tzinfo=UTC)


class Killed(BaseException):
    """The worker is gone. No `Exception`: nothing in it goes on."""


class Refusal(Exception):
    """A scripted "no" of the sidecar."""

    def __init__(self, type_: str, message: str) -> None:
        super().__init__(message)
        self.info = ErrorInfo(type=type_, message=message)


Command = Callable[..., object]


@dataclass
class ScriptedSidecar:
    """The model's replies in turn, the commands by name, and what the person answers (None: not yet)."""

    replies: Sequence[dict[str, Any] | Refusal] = ()
    commands: Mapping[str, object] = field(default_factory=dict)
    person: str | None = None
    children: Mapping[str, object] = field(default_factory=dict)

    prompts: list[dict[str, Any]] = field(default_factory=list)
    carried_out: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    invoked: list[dict[str, Any]] = field(default_factory=list)
    logs: list[Log] = field(default_factory=list)
    questions: int = 0  # that were put to it, over all attempts
    kill_at: int | None = None  # the question whose answer never arrives

    _journal: dict[StepKey, tuple[Json, Done | Failed]] = field(default_factory=dict)
    _arguments: dict[StepKey, Json] = field(default_factory=dict)
    _effects: dict[tuple[StepKey, int], Done | Failed] = field(default_factory=dict)

    def attempt(self, skill: Skill[..., Any], payload: Json = None) -> End:
        start = Start(
            run="R1",
            skill=skill.name,
            version="v",
            attempt=1,
            trigger="chat",
            rehearsal=False,
            code=Code(entry="entry.py", function=skill.name, import_from=skill.function.__module__),
            input=payload,
            zone="Europe/Berlin",
            started=STARTED,
        )
        return execute(start, self, skill, pause=lambda _: None)

    def done(self, command: str) -> list[dict[str, Any]]:
        """The arguments of each time that the command was carried out."""
        return [arguments for name, arguments in self.carried_out if name == command]

    @property
    def remembered(self) -> int:
        """Steps with an outcome."""
        return len(self._journal)

    def ask(self, question: Ask) -> Tell:
        answer = self._answer(question)
        self.questions += 1
        if self.questions == self.kill_at:
            raise Killed
        return answer

    def _answer(self, question: Ask) -> Tell:
        match question:
            case Begin(step=key, arguments=arguments):
                _bounded(arguments)
                self._arguments[key] = arguments
                return self._remembered(key, arguments) or Go(attempt=1)
            case Finish(step=key, result=result):
                self._journal[key] = (self._arguments[key], Done(result=result))
                return Ok()
            case Fail(step=key, error=error):
                self._journal[key] = (self._arguments[key], Failed(error=error))
                return Failed(error=error)
            case Effect(step=key, n=n, request=request):
                # The gateway keeps each reply, so that an attempt that lost it gets the same one.
                known = self._effects.get((key, n))
                self._effects[key, n] = known or _answered(lambda: self._model(cast("dict[str, Any]", request)))
                return self._effects[key, n]
            case Request(step=key, arguments=arguments):
                _bounded(arguments)
                return self._remembered(key, arguments) or self._request(question)
            case Log():
                self.logs.append(question)
        return Ok()

    def _remembered(self, key: StepKey, arguments: Json) -> Done | Failed | None:
        if key not in self._journal:
            return None
        before, outcome = self._journal[key]
        assert before == arguments, f"{key} was asked for with other arguments on replay"
        return outcome

    def _model(self, request: dict[str, Any]) -> object:
        self.prompts.append(request)
        assert len(self.prompts) <= len(self.replies), "the model was asked more often than the script says"
        return self.replies[len(self.prompts) - 1]

    def _request(self, request: Request) -> Tell:
        arguments = cast("dict[str, Any]", request.arguments)
        match request.kind_of_request:
            case "question" if self.person is None:
                return Suspend(reason="question")
            case "question":
                outcome: Done | Failed = Done(result={"answer": self.person, "by": "ada"})
            case "invoke":
                self.invoked.append(arguments)
                outcome = _answered(lambda: self.children[arguments["input"]["session"]])
            case _:
                outcome = _answered(lambda: self._command(arguments["name"], arguments["arguments"]))
        self._journal[request.step] = (request.arguments, outcome)
        return outcome

    def _command(self, name: str, arguments: dict[str, Any]) -> object:
        self.carried_out.append((name, arguments))
        answer = self.commands[name]
        return answer(**arguments) if callable(answer) else answer


def _bounded(arguments: Json) -> None:
    taken = len(json.dumps(arguments, ensure_ascii=False).encode())
    assert taken <= VALUE_AT_MOST, f"the sidecar fails a run whose step has {taken:,} bytes of arguments"


def _answered(make: Callable[[], object]) -> Done | Failed:
    try:
        answer = make()
    except Refusal as refusal:
        answer = refusal
    return Failed(error=answer.info) if isinstance(answer, Refusal) else Done(result=cast("Json", answer))


def in_turn(*answers: object) -> Command:
    """A command that answers differently each time."""
    left = iter(answers)

    def answer(**_: object) -> object:
        given = next(left)
        if isinstance(given, Refusal):
            raise given
        return given

    return answer
