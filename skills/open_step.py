"""The step whose body is being executed. Through it, and only through it, code touches the world."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count

from skills.errors import EffectFailed, InsideStep, OutsideStep
from skills.port import Ask, Tell
from skills.wire import Done, Effect, EffectKind, Failed, Json, StepKey

_current: ContextVar[OpenStep | None] = ContextVar("open_step", default=None)


class OpenStep:
    """One attempt of one step's body. Numbers its effects and its log lines from 0."""

    def __init__(self, key: StepKey, attempt: int, ask: Callable[[Ask], Tell]) -> None:
        self.key = key
        self.attempt = attempt
        self._ask = ask
        self._effects = count()
        self._lines = count()

    def effect(self, kind: EffectKind, request: Json, action: str) -> Json:
        """Have the gateway do it, and return its reply. `action` names it in errors. Raises `EffectFailed`."""
        answer = self._ask(
            Effect(
                step=self.key,
                attempt=self.attempt,
                n=next(self._effects),
                kind_of_effect=kind,
                request=request,
            )
        )
        if isinstance(answer, Failed):
            raise EffectFailed(action, answer.error)
        assert isinstance(answer, Done), answer  # noqa: S101 - the protocol has no other answer
        return answer.result

    def next_line(self) -> int:
        return next(self._lines)


@contextmanager
def opened(step: OpenStep) -> Iterator[OpenStep]:
    """Within it, `step` is the open one."""
    token = _current.set(step)
    try:
        yield step
    finally:
        _current.reset(token)


def open_step_or_none() -> OpenStep | None:
    return _current.get()


def open_step(client: str) -> OpenStep:
    """The open step, for `client` ("http.get"). Raises `OutsideStep` in the body, and in a step's own threads."""
    step = _current.get()
    if step is None:
        raise OutsideStep(
            f"{client} was used outside a step. Move it into a function decorated with @step, "
            f"and call that with run.step(...), in the thread that the step runs in"
        )
    return step


def refuse_in_step(method: str) -> None:
    """Raise `InsideStep` where `method` ("run.sleep") would be skipped on replay together with the step around it."""
    step = _current.get()
    if step is not None:
        raise InsideStep(
            f"{method} was used inside step {str(step.key)!r}. Call it in the skill's body, "
            f"and pass its result to the step as an argument"
        )
