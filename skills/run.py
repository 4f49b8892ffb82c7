"""`Run`: everything that a skill's body may do."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Literal, ParamSpec, TypeVar, overload
from zoneinfo import ZoneInfo

from typing_extensions import TypeForm

from skills.approval import Approval, Approved
from skills.asking import Asking
from skills.errors import Misdeclared, StepFailed, WrongType
from skills.one_field import one_field
from skills.open_step import OpenStep, open_step_or_none
from skills.state import State
from skills.step_runner import StepRunner, Work, approve_arguments
from skills.steps import Irreversible, Step, UnitOfWork
from skills.values import Codec, Jsonable, JsonResult, encode_remembered, encode_untyped
from skills.wire import Json, Log, OnExpiry, Start, StepKind

if TYPE_CHECKING:
    from skills.definition import Skill

P = ParamSpec("P")
Item = TypeVar("Item")

AT_ONCE_AT_MOST = 32  # items of a run.map in parallel


class Run:
    """One execution of a skill. The body runs from the top again after each wait and crash; what it got from `run`
    before is then answered from the journal, so it has to ask for the same things in the same order."""

    def __init__(self, start: Start, steps: StepRunner) -> None:
        self._start = start
        self._steps = steps
        self._zone = ZoneInfo(start.zone)
        self._lines = count()
        self.quiet_because: str | None = None
        self.state = State(steps)
        self.random = random.Random(start.seed or start.run)  # noqa: S311 - the same numbers on replay are what it is for

    # ------------------------------------------------------------ what it is

    @property
    def id(self) -> str:
        return self._start.run

    @property
    def attempt(self) -> int:
        """From 1. It differs between a run and its replay: log it, decide nothing by it."""
        return self._start.attempt

    @property
    def started(self) -> datetime:
        """When the run was created, in the workspace's zone; the same on replay, and in a rerun from a step."""
        return self._start.started.astimezone(self._zone)

    @property
    def rehearsal(self) -> bool:
        """Whether effects are stubbed."""
        return self._start.rehearsal

    @property
    def now(self) -> datetime:
        """The time, in the workspace's zone; remembered, so a replay sees the same."""
        said: Codec[datetime] = Codec(datetime, "run.now")
        return said.decode(self._steps.request("now", "now", {})).astimezone(self._zone)

    def key(self, name: str) -> str:
        """32 hex digits, the same on each attempt: an idempotency key to pass to a step that orders or pays."""
        return hashlib.sha256(f"{self.id}/{name}".encode()).hexdigest()[:32]

    # ------------------------------------------------------------ steps

    def step(self, step: Step[P, JsonResult], /, *args: P.args, **kwargs: P.kwargs) -> JsonResult:
        """Execute the step once and remember its result; on replay return that. Raises `StepFailed`."""
        work = _work(step, step.signature.encode(*args, **kwargs))
        decoded: JsonResult = step.signature.result.decode(self._steps.execute(work))
        return decoded

    def step_if_approved(
        self, question: str, step: Irreversible[P, JsonResult], /, *args: P.args, **kwargs: P.kwargs
    ) -> Approved[JsonResult] | None:
        """Ask a person, and upon a yes execute the step: exactly this call, once; it is never tried again.

        None: the answer was no, or none came in time (`on_expiry="no"`; with `"fail"`, `StepFailed` is raised); or Tend
        died while the step ran, and its look-up or a person said that it was not done. Raises `StepFailed` where its
        body failed too: then it may have been done, or half done.
        """
        work = _work(step, step.signature.encode(*args, **kwargs), kind="irreversible")
        if step.lookup is not None:
            lookup = _work(step.lookup, step.lookup.signature.encode(*args, **kwargs))
            work = replace(work, lookup=replace(lookup, name=f"lookup:{step.name}"))
        seconds = None if step.answer_within is None else step.answer_within.total_seconds()
        done = self._steps.execute_if_approved(question, work, seconds, step.on_expiry)
        if done is None:
            return None
        approval, result = done
        decoded = None if result is None else step.signature.result.decode(result)
        return Approved(by=approval.by or "", because=approval.because, result=decoded)

    @overload
    def map(
        self, step: Step[[Item], JsonResult], items: Sequence[Item], /, *, at_once: int = 8
    ) -> list[JsonResult]: ...
    @overload
    def map(
        self,
        step: Step[[Item], JsonResult],
        items: Sequence[Item],
        /,
        *,
        at_once: int = 8,
        failures: Literal["return"],
    ) -> list[JsonResult | StepFailed]: ...
    def map(
        self,
        step: Step[[Item], JsonResult],
        items: Sequence[Item],
        /,
        *,
        at_once: int = 8,
        failures: Literal["raise", "return"] = "raise",
    ) -> list[JsonResult] | list[JsonResult | StepFailed]:
        """Execute the step for each item, up to `at_once` (32 at most) in parallel; the results in the items' order.

        Each item is a step of its own: remembered, and tried again by itself. If one fails, the others still end;
        then the first failure is raised, or with `failures="return"` stands in the list where its result would be.
        """
        if not 1 <= at_once <= AT_ONCE_AT_MOST:
            raise Misdeclared(f"run.map of {step.name!r}: at_once is 1 to {AT_ONCE_AT_MOST}, not {at_once}")
        works = [_work(step, step.signature.encode(item)) for item in items]
        ended = self._steps.execute_all(works, at_once)
        if failures == "raise":
            for each in ended:
                if isinstance(each, StepFailed):
                    raise each
        decode = step.signature.result.decode
        return [each if isinstance(each, StepFailed) else decode(each) for each in ended]

    def ask(
        self,
        prompt: str,
        *values: Jsonable,
        returns: TypeForm[JsonResult],
        fallback: Callable[[], JsonResult] | None = None,
    ) -> JsonResult:
        """Ask a model about `values` for an answer of the type `returns`; `returns=str` gives plain text.

        A wrong answer is sent back once. If there is no right one, or no model, the result is that of `fallback`;
        without one, `StepFailed` is raised.
        """
        codec = Codec(returns, "answer of run.ask")
        return codec.decode(self._answered(Asking(prompt, values, codec, fallback)))

    def invoke(self, skill: Skill[P, JsonResult], /, *payload: P.args, **named_payload: P.kwargs) -> JsonResult:
        """Run another skill and wait for its result. Raises `StepFailed` if that run fails."""
        asked = {"skill": skill.name, "input": skill.encode(*payload, **named_payload)}
        output = self._steps.request("invoke", f"invoke:{skill.name}", asked)
        decoded: JsonResult = skill.signature.result.decode(output)
        return decoded

    def start(self, skill: Skill[P, JsonResult], /, *payload: P.args, **named_payload: P.kwargs) -> str:
        """Start another skill and go on at once; the result is the id of its run, which is on its own from then on."""
        asked = {"skill": skill.name, "input": skill.encode(*payload, **named_payload)}
        run: Codec[str] = Codec(str, "run.start")
        return run.decode(self._steps.request("start", f"start:{skill.name}", asked))

    def _answered(self, asking: Asking[JsonResult]) -> Json:
        def body(step: OpenStep) -> Json:
            return asking.answer(step, lambda note: self.log(note, level="warning"))

        return self._steps.execute(Work("ask", asking.arguments, body, kind="ask"))

    # ------------------------------------------------------------ waits and people

    def sleep(self, duration: timedelta) -> None:
        """Wait; for as long as you like, since no process is kept meanwhile."""
        self._steps.request("sleep", "sleep", {"seconds": duration.total_seconds()})

    @overload
    def approve(self, question: str) -> Approval: ...
    @overload
    def approve(self, question: str, *, expires_in: timedelta, on_expiry: OnExpiry) -> Approval: ...
    def approve(self, question: str, *, expires_in: timedelta | None = None, on_expiry: OnExpiry = "no") -> Approval:
        """Wait for a person's yes or no. If nobody answers before it expires that is a no, or `StepFailed` is raised
        (`on_expiry="fail"`). Without `expires_in` it waits until somebody answers."""
        seconds = None if expires_in is None else expires_in.total_seconds()
        answer = self._steps.request("approve", "approve", approve_arguments(question, seconds, on_expiry))
        return Approval.model_validate(answer)

    def notify(self, target: str, text: str) -> None:
        """Send `text` to a channel or person, exactly once."""
        self._steps.request("notify", "notify", {"target": target, "text": text})

    # ------------------------------------------------------------ events

    def emit(self, name: str, payload: Jsonable = None, *, id: str | None = None) -> None:  # noqa: A002 # its name
        """Say that something happened: once, for every skill with `on=event(name, ...)`.

        An event with the same name and `id` is taken once, whoever emits it and however often.
        """
        encoded = encode_remembered(payload, f"payload of event {name!r}")
        self._steps.request("emit", f"emit:{name}", {"name": name, "payload": encoded, "id": id})

    def wait_for(
        self,
        name: str,
        payload: TypeForm[JsonResult],
        *,
        timeout: timedelta,
        key: Callable[[JsonResult], str | int] | None = None,
        equals: str | int | None = None,
    ) -> JsonResult | None:
        """Wait for an event, for as long as `timeout`; then the result is None. No process is kept meanwhile.

        `key=lambda order: order.id, equals="A7"` waits for one with that value in that field. An event that has come
        since the run was created counts too; each is given once, and not the one that started the run.
        """
        if (key is None) != (equals is None):
            raise Misdeclared(f"run.wait_for({name!r}): key= and equals= belong together")
        if isinstance(equals, str) and "\0" in equals:
            raise WrongType(f"run.wait_for({name!r}): equals= has the character NUL in it, which no event has")
        codec = Codec(payload, f"payload of event {name!r}")
        wanted: dict[str, Json] = {"name": name, "seconds": timeout.total_seconds()}
        if key is not None:
            wanted |= {"field": one_field(key), "equals": equals}
        came = self._steps.request("wait_for", f"wait_for:{name}", wanted)
        return codec.decode(came["payload"]) if isinstance(came, dict) else None

    # ------------------------------------------------------------ the run's record

    def log(
        self,
        message: str,
        /,
        *,
        level: Literal["debug", "info", "warning", "error"] = "info",
        **fields: Jsonable,
    ) -> None:
        """Add a line to the run's log; one that is said again on replay is stored once. A step prints its lines."""
        step = open_step_or_none()
        self._steps.ask(
            Log(
                step=step.key if step else None,
                attempt=step.attempt if step else self.attempt,
                seq=step.next_line() if step else next(self._lines),
                level=level,
                message=message,
                fields={name: encode_untyped(value, f"log field {name!r}") for name, value in fields.items()},
            )
        )

    def nothing_to_report(self, reason: str) -> None:
        """Say that this run was quiet for a reason, so that its silence counts as a good outcome."""
        self.quiet_because = reason


def _work(step: UnitOfWork[P, JsonResult], arguments: dict[str, Json], *, kind: StepKind = "step") -> Work:
    expected = Irreversible if kind == "irreversible" else Step
    if not isinstance(step, expected):
        way = "run.step_if_approved" if isinstance(step, Irreversible) else "run.step"
        raise Misdeclared(f"{step!r} is executed by {way}(...) only")

    def body(_: OpenStep) -> Json:
        copies = step.signature.decode(arguments)
        return step.signature.result.encode(step.function(*copies.args, **copies.kwargs))

    return Work(step.name, dict(arguments), body, kind=kind, retry=step.retry, give_up_on=step.give_up_on)
