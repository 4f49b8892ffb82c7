"""What can go wrong in a skill, as far as its author may catch it.

    TendError
    ├── StepFailed     a step ended in an error after its last attempt; run.ask, run.invoke and the like are steps too
    ├── EffectFailed   an http or files call inside a step was not carried out: no answer, or not declared
    ├── BadStatus      Reply.raise_for_status: the server's answer was not a 2xx
    ├── WrongType      a value is not what the annotation says, or JSON cannot hold it
    │   └── WrongInput     the run was started with such a value: nothing of the skill was executed
    ├── OutsideStep    http or files was used outside a step
    ├── InsideStep     run.step, run.ask and the like were used inside a step
    └── Misdeclared    a decorator was given what it cannot take, or a skill's source cannot be loaded

A run that has to wait is unwound by `SuspendRun`, which is no `Exception`: `except Exception` lets it pass.
"""

from __future__ import annotations

from skills.wire import ErrorInfo


class TendError(Exception):
    """The root. `retryable` says whether trying the same step again could help."""

    retryable = True


class StepFailed(TendError):
    """`step` failed for good: "fetch", its second use "fetch#2", a call "invoke:NAME" or "start:NAME". `type`,
    `message` and `traceback` are those of the error that its body raised."""

    def __init__(self, step: str, error: ErrorInfo) -> None:
        super().__init__(f"step {step!r} failed: {error.type}: {error.message}")
        self.step = step
        self.type = error.type
        self.message = error.message
        self.traceback = error.traceback


class EffectFailed(TendError):
    """The `action` (such as "GET https://example.com/") was not carried out; `type` and `message` say why."""

    def __init__(self, action: str, error: ErrorInfo) -> None:
        message = error.message if error.message.startswith(action) else f"{action}: {error.message}"
        super().__init__(message)
        self.action = action
        self.type = error.type
        self.message = error.message
        self.retryable = error.retryable


class BadStatus(TendError):
    """The server answered `status`. Tried again only where that can help: 408, 425, 429 and 5xx."""

    def __init__(self, status: int, url: str, excerpt: str) -> None:
        super().__init__(f"{url} answered {status}, expected 2xx: {excerpt!r}")
        self.status = status
        self.url = url
        self.retryable = status in (408, 425, 429) or status >= 500


class WrongType(TendError):
    """A value does not fit its declared type, or is of a type that JSON cannot hold."""

    retryable = False


class WrongInput(WrongType):
    """What a run was started with does not fit what its skill takes."""


class OutsideStep(TendError):
    """The world may be touched in a step only, so that it is not touched again on replay."""

    retryable = False


class InsideStep(TendError):
    """A step's body is skipped on replay, so whatever the run remembers must be asked for outside of it."""

    retryable = False


class Misdeclared(TendError):
    """The source itself has to change."""

    retryable = False


class SuspendRun(BaseException):
    """Unwinds a run that waits. Raised and caught by the engine; nothing for authors."""
