"""Takes each step of one attempt from its first question to the outcome that is remembered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from skills.approval import Approval
from skills.errors import StepFailed, SuspendRun, TendError, WrongType
from skills.open_step import OpenStep, opened, refuse_in_step
from skills.port import Ask, Port, Tell
from skills.wire import (
    NAME_AT_MOST,
    NOT_DONE,
    Again,
    Begin,
    Done,
    ErrorInfo,
    Fail,
    Failed,
    Finish,
    Go,
    Json,
    LookUp,
    OnExpiry,
    Request,
    RequestKind,
    Retry,
    StepKey,
    StepKind,
    Suspend,
)


@dataclass(frozen=True)
class Work:
    """A step that the worker executes: what is asked of it, and how."""

    name: str
    arguments: Json
    body: Callable[[OpenStep], Json]
    kind: StepKind = "step"
    retry: Retry = field(default_factory=Retry)
    give_up_on: tuple[type[Exception], ...] = ()
    lookup: Work | None = None  # finds out whether an irreversible one was done


class StepRunner:
    """Counts the uses of each name, so that the same step has the same key on each replay."""

    def __init__(
        self,
        port: Port,
        describe: Callable[[BaseException], ErrorInfo],
        pause: Callable[[float], None],
        threads: int,
    ) -> None:
        self._port = port
        self._describe = describe
        self._pause = pause
        self._threads = threads
        self._uses: Counter[str] = Counter()
        self.suspended = False

    def ask(self, question: Ask) -> Tell:
        """Put a question. Once the run waits, each further one unwinds again: a skill may have caught the first."""
        if self.suspended:
            raise SuspendRun("the run waits already")
        try:
            return self._put(question)
        except SuspendRun:
            self.suspended = True
            raise

    def execute(self, work: Work) -> Json:
        """The step's result: remembered, or made by its body now. Raises `StepFailed`."""
        return self._execute(self._next_key(work.name), work, self.ask)

    def execute_all(self, works: Sequence[Work], at_once: int) -> list[Json | StepFailed]:
        """As `execute`, for several uses of steps, up to `at_once` of them in parallel; results in the order of
        `works`. One that fails, or has to wait for its next try, holds up none of the others."""
        keys = [self._next_key(work.name) for work in works]  # before any thread starts, or replay would mix them up
        if self.suspended:
            raise SuspendRun("the run waits already")
        with ThreadPoolExecutor(min(at_once, self._threads), thread_name_prefix="item") as pool:
            under_way = [
                pool.submit(self._execute, key, work, self._put) for key, work in zip(keys, works, strict=True)
            ]
        errors = [each.exception() for each in under_way]
        for error in errors:
            if isinstance(error, SuspendRun):
                self.suspended = True
            if error is not None and not isinstance(error, StepFailed):
                raise error
        return [
            error if isinstance(error, StepFailed) else each.result()
            for error, each in zip(errors, under_way, strict=True)
        ]

    def execute_if_approved(
        self, question: str, work: Work, answer_within: float | None, on_expiry: OnExpiry = "no"
    ) -> tuple[Approval, Json] | None:
        """A person's yes to exactly this work, and its result; None upon a no. Raises `StepFailed`."""
        key = self._next_key(work.name)
        call: Json = {"step": work.name, "arguments": work.arguments}
        approve = Request(
            step=_key(f"approve:{work.name}", key.occurrence),
            kind_of_request="approve",
            arguments=approve_arguments(question, answer_within, on_expiry) | {"call": call},
        )
        approval = Approval.model_validate(_outcome(approve.step, self.ask(approve)))
        if not approval:
            return None
        try:
            return approval, self._execute(key, work, self.ask)
        except StepFailed as error:
            if _was_not_done(error):
                return None
            raise

    def request(self, kind: RequestKind, name: str, arguments: Json) -> Json:
        """The result of a step that the sidecar answers itself. Raises `StepFailed`."""
        key = self._next_key(name)
        return _outcome(key, self.ask(Request(step=key, kind_of_request=kind, arguments=arguments)))

    def _put(self, question: Ask) -> Tell:
        answer = self._port.ask(question)
        if isinstance(answer, Suspend):
            raise SuspendRun(answer.reason)
        return answer

    def _execute(self, key: StepKey, work: Work, ask: Callable[[Ask], Tell]) -> Json:
        begin = Begin(
            step=key,
            kind_of_step=work.kind,
            arguments=work.arguments,
            retry=work.retry,
            lookup=work.lookup is not None,
        )
        answer = ask(begin)
        if isinstance(answer, Go):
            answer = self._tried(key, work, answer, ask)
        elif isinstance(answer, LookUp) and work.lookup is not None:
            answer = self._looked_up(begin, work.lookup, ask)
        return _outcome(key, answer)

    def _looked_up(self, begin: Begin, lookup: Work, ask: Callable[[Ask], Tell]) -> Tell:
        """A crash struck the step: find out whether it was done. If that fails for good, a person is asked."""
        key = begin.step
        try:
            found = self._execute(_key(lookup.name, key.occurrence), lookup, ask)
        except StepFailed:
            return ask(begin.model_copy(update={"lookup": False}))
        if found is None:
            said = ErrorInfo(
                type=NOT_DONE, message="Tend died while it ran, and its look-up found that it was not done"
            )
            return ask(Fail(step=key, attempt=1, error=said, retryable=False))
        return self._finished(key, 1, found, ask)

    def _next_key(self, name: str) -> StepKey:
        refuse_in_step(f"step {name!r}")
        key = _key(name, self._uses[name])
        self._uses[name] += 1
        return key

    def _tried(self, key: StepKey, work: Work, go: Go | Again, ask: Callable[[Ask], Tell]) -> Tell:
        """Execute the body until it returns, or until the sidecar says that it failed for good."""
        while True:
            if go.delay > 0:
                self._pause(go.delay)
            answer = self._try_once(key, work, go.attempt, ask)
            if not isinstance(answer, Again):
                return answer
            go = answer

    def _try_once(self, key: StepKey, work: Work, attempt: int, ask: Callable[[Ask], Tell]) -> Tell:
        try:
            with opened(OpenStep(key, attempt, ask)) as step:
                result = work.body(step)
        except Exception as error:  # noqa: BLE001 - whatever the author's code raises is an outcome of the step
            retryable = not isinstance(error, work.give_up_on) and _worth_another_try(error)
            return ask(Fail(step=key, attempt=attempt, error=self._describe(error), retryable=retryable))
        return self._finished(key, attempt, result, ask)

    def _finished(self, key: StepKey, attempt: int, result: Json, ask: Callable[[Ask], Tell]) -> Tell:
        answer = ask(Finish(step=key, attempt=attempt, result=result))
        # Failed: the result was not stored, for instance because it is too large.
        return answer if isinstance(answer, Failed) else Done(result=result)


def _key(name: str, occurrence: int) -> StepKey:
    if len(name) > NAME_AT_MOST:
        raise WrongType(
            f"{name[:60] + '…'!r} has {len(name):,} characters, a name may have {NAME_AT_MOST}; use a shorter one, "
            f"such as a hash of it, or keep a dict under one name"
        )
    if "\0" in name:
        raise WrongType(f"{name!r} has the character NUL in it, which no name may have")
    return StepKey(name=name, occurrence=occurrence)


def approve_arguments(question: str, expires_in: float | None, on_expiry: OnExpiry) -> dict[str, Json]:
    """Of a request to approve. A no on expiry goes without saying: runs from before it could be said are replayed."""
    asked: dict[str, Json] = {"question": question, "expires_in": expires_in}
    return asked if on_expiry == "no" else asked | {"on_expiry": on_expiry}


def _was_not_done(error: StepFailed) -> bool:
    """Old runs have another word for it, which an exception may be called too; but that has a traceback."""
    return error.type == NOT_DONE or (error.type == "NotDone" and not error.traceback)


def _worth_another_try(error: Exception) -> bool:
    return error.retryable if isinstance(error, TendError) else True


def _outcome(key: StepKey, answer: Tell) -> Json:
    if isinstance(answer, Failed):
        raise StepFailed(str(key), answer.error)
    assert isinstance(answer, Done), answer  # noqa: S101 - the protocol has no other answer
    return answer.result
