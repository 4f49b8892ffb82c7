"""The journal of one run, as the attempt that owns it sees it: what is remembered, and how more is.

Steps are keyed by name and occurrence. A step that comes again with other arguments than it had is a replay that
went another way: `ReplayMismatch`, before its body runs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import sqlalchemy as sa
from pydantic import JsonValue
from sqlalchemy.engine import Connection

from sidecar.clock import Clock
from sidecar.failpoints import failpoint
from sidecar.journal.at_once import end_at_once
from sidecar.journal.runs import Segment, check_fence
from sidecar.journal.step_row import Opening, StepRow, lose_open_attempts, put
from sidecar.store import Store
from sidecar.store.prepared import Prepared, Values
from sidecar.store.schema import runs, steps
from skills.wire import Again, Begin, Done, ErrorInfo, Fail, Failed, Finish, Go, Request, StepKey, Suspend

VALUE_AT_MOST = 1024 * 1024  # bytes of one argument list or result, as JSON
STEPS_AT_MOST = 10_000  # in one run
RETRIES_AT_MOST = 1_000  # in one run, over all its steps
PAUSE_IN_WORKER = 5.0  # seconds; before a later retry the run gives its worker back

_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode

T = TypeVar("T")


_OF_RUN = Prepared(sa.select(steps).where(steps.c.run == sa.bindparam("run")))
_PROGRESS = Prepared(runs.update().where(runs.c.id == sa.bindparam("at_run")).values(deaths=0))


class ReplayMismatch(Exception):
    """The run came to a step with other arguments than the last time."""


class LimitReached(Exception):
    """A published limit; the message names it and the way out."""


class Journal:
    """The steps of the run that `segment` owns. Used by one thread at a time."""

    def __init__(self, store: Store, clock: Clock, segment: Segment, *, has_progressed: bool = False) -> None:
        """`has_progressed`: no worker that the run has lost counts against it."""
        self._store = store
        self._clock = clock
        self.segment = segment
        self._has_progressed = has_progressed
        rows = store.rows(_OF_RUN, {"run": segment.run})
        self._steps = {StepKey(name=row.name, occurrence=row.occurrence): StepRow.of(row) for row in rows}

    def knows(self, key: StepKey) -> bool:
        """Whether the run has come to this step before."""
        return key in self._steps

    def uses(self) -> dict[str, int]:
        """For each name, how many of its uses the run may have come to before. (Not each one: they run in parallel.)"""
        uses: dict[str, int] = {}
        for key in self._steps:
            uses[key.name] = max(uses.get(key.name, 0), key.occurrence + 1)
        return uses

    # ------------------------------------------------------------ steps that the worker executes

    def begin(self, question: Begin) -> Go | Done | Failed | Suspend:
        """Answer from memory, or open the step for its next try; Suspend if that is not due for a while: never longer
        than between two tries, though the clock was set back."""
        step, is_new = self._find(question.step, question.kind_of_step, question.arguments)
        if answer := step.remembered():
            return answer
        if step.state == "waiting":
            return Suspend(reason="budget")
        now = self._clock.now()
        left = max(0.0, (step.wake_at or now) - now)
        delay = min(left, question.retry.backoff_cap)
        if delay > PAUSE_IN_WORKER:
            if step.state == "running" or delay < left:
                self._wait_for_try(step, now + delay)
            return Suspend(reason="retry")
        step.retry = question.retry
        step.tries += 1
        self._write_lazily(step, self._opening(step, question.arguments, now + delay, is_new))
        step.state, step.wake_at = "running", None
        return Go(attempt=step.tries, delay=delay)

    def begin_once(self, question: Begin, intend: Callable[[Connection], JsonValue]) -> Go | Done | Failed | StepRow:
        """Answer from memory, or open the step for its only try, with the intent on disk. A step comes back that was
        open already: it was struck by a crash, and nobody knows how far its body came."""
        step, is_new = self._find(question.step, question.kind_of_step, question.arguments)
        if not is_new:
            return step.remembered() or step
        step.tries = 1
        opening = self._opening(step, question.arguments, self._clock.now(), is_new)

        def change(connection: Connection) -> None:
            check_fence(connection, self.segment)
            put(connection, step, {"intent": intend(connection)}, opening=opening)

        self._store.write(change)
        return Go(attempt=1)

    def give_up_try(self, step: StepRow) -> None:
        """The step's try that is open was struck by a crash."""
        now = self._clock.now()
        self._store.write_lazily(lambda connection: lose_open_attempts(connection, step, now))

    def finish(self, question: Finish) -> None:
        """Remember the result; on disk when this returns."""
        step = self._open(question.step)
        bounded(f"step {question.step}: its result take", question.result)
        failpoint("journal.finish.before")
        self._close(step, "succeeded", result=question.result)
        failpoint("journal.finish.after")

    def fail(self, question: Fail, *, outcome: str = "failed", worker_lives: bool = True) -> Again | Suspend | Failed:
        """Remember the failure; say whether the body is worth another try, and when."""
        step = self._open(question.step)
        if step.kind == "irreversible" and not worker_lives:
            return Suspend(reason="unknown")
        step.failures += 1
        failpoint("journal.fail.before")
        if not question.retryable or step.failures >= step.retry.attempts:
            return self._failed(step, question.error, outcome)
        if sum(each.failures - (each.state == "failed") for each in self._steps.values()) > RETRIES_AT_MOST:
            last = f"the run has retried its steps {RETRIES_AT_MOST:,} times, the most there may be; the last error: "
            error = ErrorInfo(type="LimitReached", message=f"{last}{question.error.type}: {question.error.message}")
            return self._failed(step, error, outcome)
        delay = min(step.retry.backoff * 2 ** (step.failures - 1), step.retry.backoff_cap)
        delay *= 0.5 + _spread(self.segment.run, step) / 2
        self._retry_later(step, question.error, delay, outcome)
        if delay > PAUSE_IN_WORKER or not worker_lives:
            return Suspend(reason="retry")
        step.tries += 1
        self._write_lazily(step, self._opening(step, None, self._clock.now() + delay, is_new=False))
        return Again(attempt=step.tries, delay=delay)

    # ------------------------------------------------------------ steps that the sidecar answers

    def request(self, question: Request) -> StepRow:
        """The step of this request, made if it is new. It has an answer if `remembered()` says so."""
        step, is_new = self._find(question.step, question.kind_of_request, question.arguments)
        if is_new:
            opening = self._opening(step, question.arguments, self._clock.now(), is_new)
            self._write_lazily(step, replace(opening, attempt=None))
        return step

    def answer(
        self,
        step: StepRow,
        act: Callable[[Connection], JsonValue] | None = None,
        *,
        result: JsonValue = None,
        error: ErrorInfo | None = None,
    ) -> Done | Failed:
        """Remember the answer, together with what `act` writes; `act`'s value is the result."""

        def change(connection: Connection, opening: Opening | None) -> JsonValue:
            value = act(connection) if act else result
            bounded(f"step {step.key}: its result take", value)
            put(connection, step, ended | {"result": value}, opening=opening)
            return value

        state = "failed" if error else "succeeded"
        ended = {"state": state, "error": _dump(error), "ended_at": self._clock.now()}
        step.result = self._write(step, change)
        step.state, step.error = state, error
        return Failed(error=error) if error else Done(result=step.result)

    def wait(self, step: StepRow, act: Callable[[Connection], str | None], *, wake_at: float | None = None) -> None:
        """The step waits; `act` makes what it waits for, in the same transaction (and may return a child run)."""

        def change(connection: Connection, opening: Opening | None) -> str | None:
            child = act(connection)
            put(connection, step, {"state": "waiting", "wake_at": wake_at, "child": child}, opening=opening)
            lose_open_attempts(connection, step, self._clock.now())
            return child

        step.child = self._write(step, change)
        step.state, step.wake_at = "waiting", wake_at

    def wait_unless(
        self, step: StepRow, look: Callable[[Connection], JsonValue], *, wake_at: float | None = None
    ) -> Done | Failed | Suspend:
        """The step waits, unless `look` finds its answer there already, in the same transaction."""

        def change(connection: Connection, opening: Opening | None) -> JsonValue:
            found = look(connection)
            ended = {"state": "succeeded", "result": found, "ended_at": now}
            waits = {"state": "waiting", "wake_at": wake_at}
            put(connection, step, waits if found is None else ended, opening=opening)
            return found

        now = self._clock.now()
        step.result = self._write(step, change)
        step.state, step.wake_at = ("waiting", wake_at) if step.result is None else ("succeeded", None)
        return step.remembered() or Suspend(reason=step.kind)

    def intend(self, step: StepRow, intent: JsonValue) -> None:
        """Put on disk what a command is about to do, before it does it."""
        self._write(step, lambda connection, opening: put(connection, step, {"intent": intent}, opening=opening))
        step.intent = intent

    # ------------------------------------------------------------ inside

    def _find(self, key: StepKey, kind: str, arguments: JsonValue) -> tuple[StepRow, bool]:
        digest = hashlib.sha256(bounded(f"step {key}: its arguments take", arguments)).hexdigest()
        step = self._steps.get(key)
        if step is None:
            if len(self._steps) >= STEPS_AT_MOST:
                raise LimitReached(f"the run has {STEPS_AT_MOST:,} steps, the most there may be; do more in each step.")
            step = self._steps[key] = StepRow(self.segment.run, key, kind, digest)
            return step, True
        if (step.kind, step.arguments_hash) != (kind, digest):
            raise ReplayMismatch(
                f"step {key} was remembered as {step.kind} with other arguments. Code outside a step must do the same "
                "on every replay: take the time from run.now, chance from run.random, and read the world in a step."
            )
        return step, False

    def _open(self, key: StepKey) -> StepRow:
        step = self._steps.get(key)
        if step is None or step.state not in ("running", "retrying"):
            raise LimitReached(f"step {key} is not open: it was never begun, or it is over")
        return step

    def delay(self, key: StepKey) -> float:
        """Seconds until the next try of a step that failed."""
        step = self._steps[key]
        return max(0.0, (step.wake_at or 0.0) - self._clock.now())

    def _opening(self, step: StepRow, arguments: JsonValue, at: float, is_new: bool) -> Opening:
        began = {"state": "running", "tries": step.tries}
        if is_new:
            began |= {"kind": step.kind, "seq": len(self._steps), "started_at": at}
            began |= {"arguments": arguments, "arguments_hash": step.arguments_hash}
        return Opening(is_new, began, {"number": step.tries, "outcome": "running", "started_at": at})

    def _write_lazily(self, step: StepRow, opening: Opening) -> None:
        def change(connection: Connection) -> None:
            check_fence(connection, self.segment)
            put(connection, step, {}, opening=opening)

        step.opening = opening
        opening.withdraw = self._store.write_lazily(change)

    def _write(self, step: StepRow, act: Callable[[Connection, Opening | None], T]) -> T:
        """In one transaction, by the attempt that owns the run. `act` writes the opening too, where it is given one.
        Whatever is remembered is progress: the workers that the run has lost before count no more."""
        opening = step.unwritten()

        def change(connection: Connection) -> T:
            check_fence(connection, self.segment)
            if not self._has_progressed:
                _PROGRESS.execute(connection, {"at_run": self.segment.run})
            return act(connection, opening)

        result = self._store.write(change)
        self._has_progressed = True
        step.opening = None
        return result

    def _close(
        self,
        step: StepRow,
        state: str,
        *,
        result: JsonValue = None,
        error: ErrorInfo | None = None,
        outcome: str | None = None,
    ) -> None:
        ended = {"error": _dump(error), "ended_at": self._clock.now()}
        values = {"state": state, "result": result, "failures": step.failures, **ended}
        attempt = {"outcome": outcome or state, **ended}

        def change(connection: Connection, opening: Opening | None) -> None:
            put(connection, step, values, opening=opening, attempt=attempt)

        if not self._closed_at_once(step, values, attempt):
            self._write(step, change)
        step.state, step.result, step.error = state, result, error

    def _closed_at_once(self, step: StepRow, values: Values, attempt: Values) -> bool:
        """False: that can't be done, or was refused, and nothing is written. (The ordinary way then says why.)"""
        if not self._store.database.keeps_each_statement or not self._has_progressed or step.kind == "irreversible":
            return False
        opening = step.unwritten()
        if opening and not opening.is_new:
            return False
        ended = (self.segment, step, values, attempt, opening)
        if not self._store.write(lambda connection: end_at_once(connection, *ended), whole=True):
            return False
        step.opening = None
        return True

    def _failed(self, step: StepRow, error: ErrorInfo, outcome: str) -> Failed:
        self._close(step, "failed", error=error, outcome=outcome)
        return Failed(error=error)

    def _wait_for_try(self, step: StepRow, wake_at: float) -> None:
        """So that the run has something to wait for: its next try had begun, where a crash struck it."""
        values = {"state": "retrying", "wake_at": wake_at}

        def change(connection: Connection) -> None:
            check_fence(connection, self.segment)
            put(connection, step, values)
            lose_open_attempts(connection, step, self._clock.now())

        self._store.write(change)
        step.state, step.wake_at = "retrying", wake_at

    def _retry_later(self, step: StepRow, error: ErrorInfo, delay: float, outcome: str) -> None:
        now = self._clock.now()
        values = {"state": "retrying", "wake_at": now + delay, "failures": step.failures}
        attempt = {"outcome": outcome, "error": _dump(error), "ended_at": now}
        self._write(step, lambda connection, opening: put(connection, step, values, opening=opening, attempt=attempt))
        step.state, step.wake_at = "retrying", now + delay


def bounded(subject: str, value: JsonValue) -> bytes:
    """The value's canonical JSON. Raises LimitReached, `subject` being as in "the run's output takes"."""
    text = _canonical(value).encode()
    if len(text) > VALUE_AT_MOST:
        raise LimitReached(
            f"{subject} {len(text):,} bytes, {VALUE_AT_MOST:,} is the most. "
            "Keep large data in a file (files.write) and return its path."
        )
    return text


def _spread(run: str, step: StepRow) -> float:
    """Jitter in [0, 1), the same for the same try of the same step."""
    digest = hashlib.sha256(f"{run} {step.key} {step.failures}".encode()).digest()
    return int.from_bytes(digest[:4]) / 2**32


def _dump(error: ErrorInfo | None) -> dict[str, Any] | None:
    return error.model_dump() if error else None
