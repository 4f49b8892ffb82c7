"""A `Port` that keeps its journal in memory and has a `World` in place of the sidecar."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, assert_never, cast

from skills.error_info import error_info
from skills.port import Ask, Tell
from skills.testing.script import Script
from skills.testing.world import World
from skills.values import encode_remembered
from skills.wire import (
    Again,
    Begin,
    Done,
    Effect,
    End,
    Fail,
    Failed,
    Finish,
    Go,
    Json,
    Log,
    Ok,
    Request,
    Retry,
    StepKey,
)


class ReplayDiffers(BaseException):
    """On replay the body asked for something else than before. No `Exception`: the skill must not handle it."""


@dataclass(frozen=True)
class Entry:
    kind: str
    arguments: Json
    outcome: Done | Failed


class ScriptedPort:
    """Answers the first time from the script and the world; after `replay()` only from the journal."""

    def __init__(self, steps: Script, world: World) -> None:
        self._steps = steps
        self._world = world
        self._open: dict[StepKey, Begin] = {}
        self._replaying = False
        self.journal: dict[StepKey, Entry] = {}
        self.log: list[Log] = []

    def replay(self) -> None:
        """From now on nothing new may happen."""
        self._replaying = True

    def ask(self, question: Ask) -> Tell:
        match question:
            case Begin():
                return self._remembered(question.step, question.kind_of_step, question.arguments) or self._begin(
                    question
                )
            case Finish():
                return self._close(question.step, Done(result=question.result), Ok())
            case Fail():
                return self._fail(question)
            case Effect():
                return _answered(lambda: self._effect(question))
            case Request():
                return self._remembered(question.step, question.kind_of_request, question.arguments) or self._request(
                    question
                )
            case Log():
                if not self._replaying:
                    self.log.append(question)
                return Ok()
            case End():
                return Ok()
        assert_never(question)

    def _remembered(self, key: StepKey, kind: str, arguments: Json) -> Done | Failed | None:
        entry = self.journal.get(key)
        if entry is None:
            if self._replaying:
                raise ReplayDiffers(f"step {str(key)!r} was used on replay, but not in the run before")
            return None
        if (entry.kind, entry.arguments) != (kind, arguments):
            raise ReplayDiffers(
                f"step {str(key)!r} had the arguments {entry.arguments!r} in the run, and {arguments!r} on replay"
            )
        return entry.outcome

    def _begin(self, begin: Begin) -> Tell:
        self._open[begin.step] = begin
        if begin.step.name in self._steps:
            outcome = self._scripted(begin)
            return self._close(begin.step, outcome, outcome)
        return Go(attempt=1)

    def _scripted(self, begin: Begin) -> Done | Failed:
        """The scripted outcome, after as many scripted failures as the step's retries allow."""
        arguments = cast("dict[str, Any]", begin.arguments)
        attempt = 1
        while True:
            outcome = _answered(lambda: self._value_for(begin.step.name, arguments))
            if isinstance(outcome, Done) or attempt >= begin.retry.attempts:
                return outcome
            self._world.advance(_delay(begin.retry, attempt))
            attempt += 1

    def _value_for(self, name: str, arguments: dict[str, Any]) -> Json:
        value = self._steps.next(name, **arguments)
        if isinstance(value, Exception):
            raise value
        return encode_remembered(value, f"steps={{{name!r}: ...}}")

    def _fail(self, fail: Fail) -> Tell:
        retry = self._open[fail.step].retry
        if fail.retryable and fail.attempt < retry.attempts:
            return Again(attempt=fail.attempt + 1, delay=_delay(retry, fail.attempt))
        failed = Failed(error=fail.error)
        return self._close(fail.step, failed, failed)

    def _close(self, key: StepKey, outcome: Done | Failed, answer: Tell) -> Tell:
        begin = self._open.pop(key)
        self.journal[key] = Entry(begin.kind_of_step, begin.arguments, outcome)
        return answer

    def _request(self, request: Request) -> Tell:
        arguments = cast("dict[str, Any]", request.arguments)
        outcome = _answered(lambda: self._world.answer(request.kind_of_request, arguments))
        self.journal[request.step] = Entry(request.kind_of_request, request.arguments, outcome)
        return outcome

    def _effect(self, effect: Effect) -> Json:
        request = cast("dict[str, Any]", effect.request)
        match effect.kind_of_effect:
            case "http":
                return self._world.send(request)
            case "files":
                return self._world.touch_file(request)
            case "shell":
                return self._world.run_program(request["argv"])
            case "model":
                return self._world.reply_of_model(request)


def _answered(make: Callable[[], Json]) -> Done | Failed:
    try:
        return Done(result=make())
    except Exception as error:  # noqa: BLE001 - a scripted exception is the answer
        return Failed(error=error_info(error, ()))


def _delay(retry: Retry, attempt: int) -> float:
    return min(retry.backoff * 2.0 ** (attempt - 1), retry.backoff_cap)
