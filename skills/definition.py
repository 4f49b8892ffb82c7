"""`@skill`: the function that a run executes, with what it may touch and what a good run looks like."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from inspect import Parameter
from typing import Any, Concatenate, Generic, Literal, ParamSpec, Protocol, TypeAlias, TypeVar, cast, overload

from typing_extensions import TypeForm

from skills.errors import Misdeclared
from skills.expect import Expect
from skills.failure import Failure
from skills.run import Run
from skills.signatures import Signature
from skills.triggers import Cause, Decorator, Trigger
from skills.values import Jsonable, JsonResult
from skills.wire import Json

Payload = ParamSpec("Payload")
Input = TypeVar("Input", bound=Jsonable)
Output = TypeVar("Output", bound=Jsonable)

OnFailure: TypeAlias = Callable[[Run, Failure], None]
CatchUp: TypeAlias = Literal["skip", "latest", "all"]
Overlap: TypeAlias = Literal["queue", "skip", "cancel_older"]

_NO_PAYLOAD: Any = object()  # None is one


@dataclass(frozen=True)
class Declaration:
    """The decorator's values at run time. The sidecar enforces the manifest that it read from the source instead."""

    causes: tuple[Cause, ...] = ()
    hosts: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    expect: Expect = field(default_factory=Expect)
    concurrency: int = 1
    overlap: Overlap = "queue"
    priority: int = 0
    deadline: timedelta | None = None
    budget: float | None = None
    catch_up: CatchUp = "latest"


class Skill(Generic[Payload, JsonResult]):
    """A skill, as its module holds it. Making one registers nothing."""

    def __init__(self, function: Callable[Concatenate[Run, Payload], JsonResult], declaration: Declaration) -> None:
        self.function = function
        self.name = function.__name__
        self.declaration = declaration
        self.failure_handler: OnFailure | None = None

    def __repr__(self) -> str:
        return f"<skill {self.name!r}>"

    def on_failure(self, handler: OnFailure, /) -> OnFailure:
        """Decorates the function that is run once after the last attempt of a run failed."""
        if self.failure_handler is not None:
            raise Misdeclared(f"skill {self.name!r} has two on_failure handlers; keep one")
        self.failure_handler = handler
        return handler

    @overload
    @staticmethod
    def named(name: str, *, returns: TypeForm[Output]) -> Skill[[], Output]: ...
    @overload
    @staticmethod
    def named(name: str, *, takes: TypeForm[Input], returns: TypeForm[Output]) -> Skill[[Input], Output]: ...
    @staticmethod
    def named(name: str, *, takes: Any = _NO_PAYLOAD, returns: Any) -> Skill[..., Any]:
        """Another skill of the workspace, for `run.invoke`: what it takes, if anything, and what it returns.

        Which version answers is decided when it is invoked; that one checks its input itself.
        """

        def elsewhere(run: Run, payload: Any) -> Any:  # noqa: ARG001
            raise Misdeclared(f"{name!r} is another skill; use run.invoke({name}, ...)")

        def elsewhere_without_payload(run: Run) -> Any:  # noqa: ARG001
            raise Misdeclared(f"{name!r} is another skill; use run.invoke({name})")

        alone = takes is _NO_PAYLOAD
        function = elsewhere_without_payload if alone else elsewhere
        function.__name__ = name
        function.__annotations__ = {"return": returns} if alone else {"payload": takes, "return": returns}
        return Skill(function, Declaration())

    @cached_property
    def signature(self) -> Signature:
        """The payload and the result; `run` is left out."""
        return Signature(self.function, skip=1)

    def encode(self, *payload: Payload.args, **named_payload: Payload.kwargs) -> Json:
        """The payload as JSON; None for a skill that takes none. Raises `WrongType`."""
        encoded = self.signature.encode(*payload, **named_payload)
        return encoded[self.payload.name] if self.payload else None

    @property
    def payload(self) -> Parameter | None:
        """The parameter after `run`, if there is one."""
        parameters = self.signature.parameters
        if len(parameters) > 1:
            raise Misdeclared(
                f"skill {self.name!r} has {len(parameters)} parameters after run, at most one is possible; "
                f"put them into a pydantic model"
            )
        return parameters[0] if parameters else None


class ScheduledSkill(Protocol):
    """What `skill(on=...)` returns: a decorator of a function that takes the run and nothing else."""

    def __call__(self, function: Callable[[Run], JsonResult], /) -> Skill[[], JsonResult]: ...


class EventSkill(Protocol[Input]):
    """What `skill(on=event(...))` returns: a decorator of a function that takes the run and the event's payload."""

    def __call__(self, function: Callable[[Run, Input], JsonResult], /) -> Skill[[Input], JsonResult]: ...


class CalledSkill(Protocol):
    """What `skill()` returns: a decorator of a function that takes the run and, if it likes, one payload."""

    def __call__(self, function: Callable[Concatenate[Run, Payload], JsonResult], /) -> Skill[Payload, JsonResult]: ...


def skill(
    *,
    on: Trigger[Decorator] | None = None,
    hosts: list[str] | tuple[str, ...] = (),
    secrets: list[str] | tuple[str, ...] = (),
    reads: list[str] | tuple[str, ...] = (),
    writes: list[str] | tuple[str, ...] = (),
    commands: list[str] | tuple[str, ...] = (),
    expect: Expect = Expect(),  # noqa: B008 - frozen
    concurrency: int = 1,
    overlap: Overlap = "queue",
    priority: int = 0,
    deadline: timedelta | None = None,
    budget: float | None = None,
    catch_up: CatchUp = "latest",
) -> Decorator:
    """Make the function a skill. Its name is the file's stem; the module's docstring is its purpose.

    on           what starts it: cron, every, at, event, webhook, succeeded, failed; joined with `|`. Left out: a call
    hosts        the hosts that its steps may reach with http
    secrets      the names of the secrets that its steps may send there, once a person has granted each
    reads        globs in the workspace that its steps may read with files; `*` stops at each `/`, `**` does not
    writes       globs in the workspace that its steps may write with files, and read
    commands     the programs that its steps may run with shell
    expect       what a good run looks like
    concurrency  how many runs may be under way at once, waiting ones included
    overlap      what becomes of one more: "queue", "skip" (it is not started), or "cancel_older" (for its sake)
    priority     which of many queued runs starts first: the higher, from -10 to 10
    deadline     a run that is not over so long after it was made fails, waits and queue included
    budget       what a run and those below it may spend on the model, in US dollars; then it waits for a person
    catch_up     which slots that passed while Tend was down are run late: "skip", "latest" or "all"
    """
    declaration = Declaration(
        causes=on.causes if on is not None else (),
        hosts=tuple(hosts),
        secrets=tuple(secrets),
        reads=tuple(reads),
        writes=tuple(writes),
        commands=tuple(commands),
        expect=expect,
        concurrency=concurrency,
        overlap=overlap,
        priority=priority,
        deadline=deadline,
        budget=budget,
        catch_up=catch_up,
    )

    def decorate(function: Callable[..., Any]) -> Skill[..., Any]:
        return Skill(function, declaration)

    return cast("Decorator", decorate)
