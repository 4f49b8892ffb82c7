"""`@step`: a function whose result a run remembers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import cached_property
from typing import Any, Generic, Literal, ParamSpec, Protocol, overload

from pydantic import ValidationError

from skills.errors import Misdeclared
from skills.signatures import Signature
from skills.values import JsonResult, explain
from skills.wire import OnExpiry, Retry

P = ParamSpec("P")

Exceptions = tuple[type[Exception], ...]
Does = Literal["sends", "pays", "deletes", "deploys"]  # what cannot be undone, by its kind


class UnitOfWork(Generic[P, JsonResult]):
    """A function whose result is remembered. It has no `__call__`, so that a direct call is a type error; in a unit
    test call `.function`."""

    def __init__(self, function: Callable[P, JsonResult], retry: Retry, give_up_on: Exceptions = ()) -> None:
        self.function = function
        self.name = function.__name__
        self.retry = retry
        self.give_up_on = give_up_on

    def __repr__(self) -> str:
        return f"<step {self.name!r}>"

    @cached_property
    def signature(self) -> Signature:
        """Read at first use: annotations may name classes that stand further down in the module."""
        return Signature(self.function)


class Step(UnitOfWork[P, JsonResult]):
    """Executed by `run.step(this, ...)`, and by `run.map`."""


class Irreversible(UnitOfWork[P, JsonResult]):
    """Must not happen twice, nor without a person's yes: executed by `run.step_if_approved(question, this, ...)`."""

    def __init__(
        self,
        function: Callable[P, JsonResult],
        retry: Retry,
        answer_within: timedelta | None,
        on_expiry: OnExpiry,
        lookup: Step[P, JsonResult | None] | None,
    ) -> None:
        super().__init__(function, retry)
        self.answer_within = answer_within
        self.on_expiry = on_expiry
        self.lookup = lookup


class StepDecorator(Protocol):
    def __call__(self, function: Callable[P, JsonResult], /) -> Step[P, JsonResult]: ...


class IrreversibleDecorator(Protocol):
    def __call__(self, function: Callable[P, JsonResult], /) -> Irreversible[P, JsonResult]: ...


class LookedUpDecorator(Protocol[P, JsonResult]):
    """What `step(irreversible=True, lookup=...)` returns: the look-up's parameters and result bind the function's."""

    def __call__(self, function: Callable[P, JsonResult], /) -> Irreversible[P, JsonResult]: ...


@overload
def step(function: Callable[P, JsonResult], /) -> Step[P, JsonResult]: ...
@overload
def step(
    *,
    attempts: int = 1,
    backoff: timedelta = timedelta(seconds=1),
    timeout: timedelta | None = None,
    give_up_on: Exceptions = (),
) -> StepDecorator: ...
@overload
def step(
    *,
    irreversible: Literal[True],
    answer_within: timedelta,
    on_expiry: OnExpiry,
    timeout: timedelta | None = None,
    does: Does | None = None,
) -> IrreversibleDecorator: ...
@overload
def step(
    *,
    irreversible: Literal[True],
    lookup: Step[P, JsonResult | None],
    answer_within: timedelta,
    on_expiry: OnExpiry,
    timeout: timedelta | None = None,
    does: Does | None = None,
) -> LookedUpDecorator[P, JsonResult]: ...
def step(
    function: Callable[..., Any] | None = None,
    /,
    *,
    attempts: int = 1,
    backoff: timedelta = timedelta(seconds=1),
    timeout: timedelta | None = None,
    give_up_on: Exceptions = (),
    irreversible: bool = False,
    answer_within: timedelta | None = None,
    on_expiry: OnExpiry = "no",
    lookup: Any = None,
    does: Does | None = None,  # noqa: ARG001 # read from the source
) -> Any:
    """Make the function a step: `@step`, or `@step(attempts=5, timeout=timedelta(seconds=30))`.

    attempts    how often the body is tried in all; the delay between two tries doubles from `backoff`, up to 5 minutes
    timeout     for one attempt of the body; an attempt that takes longer is ended, and counts as failed
    give_up_on  exceptions that are not worth another attempt

    Arguments and result are stored as JSON by their annotations; the body gets, and the caller receives, copies.

    `@step(irreversible=True, answer_within=..., on_expiry=...)` is for what must not happen twice and cannot be undone:
    it is executed only by `run.step_if_approved`, once, when a person has agreed. No answer within `answer_within` is
    a no (`on_expiry="no"`), or `StepFailed` is raised (`"fail"`). If Tend dies meanwhile, nobody knows whether it
    happened: `lookup`, a step that takes the same and returns the result, or None where it was not done, finds out;
    without one, or where it fails, a person is asked. `does` says of which kind it is: "sends", "pays", "deletes" or
    "deploys" (it changes production); the settings can want more of a yes for one kind than for another.
    """

    def decorate(function: Callable[P, JsonResult]) -> Step[P, JsonResult] | Irreversible[P, JsonResult]:
        retry = _retry(function.__name__, attempts, backoff, timeout)
        if irreversible:
            return Irreversible(function, retry, answer_within, on_expiry, lookup)
        return Step(function, retry, give_up_on)

    return decorate if function is None else decorate(function)


def _retry(name: str, attempts: int, backoff: timedelta, timeout: timedelta | None) -> Retry:
    try:
        return Retry(
            attempts=attempts,
            backoff=backoff.total_seconds(),
            timeout=None if timeout is None else timeout.total_seconds(),
        )
    except ValidationError as error:
        raise Misdeclared(f"@step of {name!r}: {explain(error)}") from error
