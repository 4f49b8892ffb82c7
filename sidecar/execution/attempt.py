"""One attempt of one run, as the sidecar conducts it: start a worker, answer its questions, write down how it ended."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TypeAlias

import sqlalchemy as sa
from pydantic import ValidationError
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, NotSupportedError, ProgrammingError

from sidecar.checker.manifest import Manifest
from sidecar.clock import Clock, moment
from sidecar.execution import outcome
from sidecar.execution.always_suspend import AlwaysSuspend
from sidecar.execution.asked import Circumstances
from sidecar.execution.body_time import BodyTime
from sidecar.execution.effects import Effects
from sidecar.execution.irreversible import NotApproved, begin_irreversible
from sidecar.execution.lines import Lines, LineTooLong
from sidecar.execution.logs import keep_log
from sidecar.execution.requests import Requests
from sidecar.execution.workers import Worker, Workers, WorkersUnavailable
from sidecar.failpoints import failpoint
from sidecar.gateway import GatewayDied
from sidecar.isolation.tiers import Tier, TierTooWeak, reached, require
from sidecar.journal.copied import origin
from sidecar.journal.runs import RUN, Fenced, Segment, overdue
from sidecar.journal.steps import Journal, LimitReached, ReplayMismatch
from sidecar.moments import Moments
from sidecar.registry import Registry
from sidecar.store import Row, Store, StoreError
from sidecar.store.prepared import Prepared
from sidecar.store.schema import attempts, runs
from skills.wire import (
    Again,
    Answer,
    Begin,
    Done,
    Effect,
    End,
    ErrorInfo,
    Fail,
    Failed,
    Finish,
    Go,
    Log,
    LookUp,
    Ok,
    Question,
    Request,
    Start,
    StepKey,
    Suspend,
)

Tell: TypeAlias = Go | Done | Failed | Again | LookUp | Suspend | Ok

STEP_WITHIN = 600.0  # seconds for a try of a step that declares no timeout
SEND_WITHIN = 30.0  # seconds until the worker has taken an answer
RETRY_SPAWN_AFTER = 1.0  # seconds

# What a worker asks for and does not get, and what is no question at all: its run fails.
_REFUSED = (
    TierTooWeak,
    ReplayMismatch,
    NotApproved,
    LimitReached,
    LineTooLong,
    ValidationError,
    UnicodeDecodeError,
)

_STATE_AFTER = {"ok": "succeeded", "failed": "failed", "suspend": "retrying"}  # of a step, by what its worker was told

_PROCESS = Prepared(
    attempts.update().where(attempts.c.run == sa.bindparam("at_run"), attempts.c.number == sa.bindparam("at_number"))
)

log = logging.getLogger(__name__)


def is_stores_fault(error: Exception) -> bool:
    """Whether the store takes no changes, whatever they are; else it refused just this one."""
    if isinstance(error, DBAPIError):
        refused = isinstance(error, DataError | IntegrityError | NotSupportedError | ProgrammingError)
        return error.connection_invalidated or not refused
    return isinstance(error, StoreError)


def _unknown(skill: str) -> Manifest:
    """For a version that never had a manifest: it declares nothing."""
    return Manifest(name=skill, purpose="", takes_input=True)


class AttemptRunner:
    """Carries out segments; knows everything that an attempt needs."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        registry: Registry,
        workers: Workers,
        effects: Effects,
        requests: Requests,
        moments: Moments,
        zone: str,
        least_tier: Tier,
    ) -> None:
        self.store = store
        self.clock = clock
        self.registry = registry
        self.workers = workers
        self.effects = effects
        self.requests = requests
        self.moments = moments
        self.zone = zone
        self.least_tier = least_tier
        self.interrupted: set[str] = set()  # runs whose attempt broke off since the store took no changes

    def prepare(self, segment: Segment) -> Attempt:
        row = self.store.row(RUN, {"at_run": segment.run})
        assert row is not None, segment  # noqa: S101 # it has just been claimed
        return Attempt(self, segment, row)

    def end_overdue(self) -> bool:
        """Fail each run whose deadline has passed, whatever it is at; whether there was any."""
        now = self.clock.now()
        late = self.store.read(lambda connection: overdue(connection, now))
        for row in late:
            manifest = self.readable_manifest(row)
            self.store.write(lambda connection: outcome.miss_deadline(connection, row.id, manifest, now))  # noqa: B023
            self.moments.publish("run", run=row.id, skill=row.skill, state="failed", trigger=row.trigger)
        return bool(late)

    def rescue(self, abandoned: sa.ColumnElement[bool]) -> None:
        """Runs that are running while nobody conducts them: their attempt broke off. Where the store took no changes (a
        full disk), that was no fault of theirs; anything else (a bug) counts like a worker that died."""
        orphans = self.store.rows(sa.select(runs).where(runs.c.state == "running", abandoned).order_by(runs.c.seq))
        for row in orphans:
            log.error("run %s: attempt %d broke off; the run is given back", row.id, row.attempts)
            segment, now = Segment(run=row.id, fence=row.fence, attempt=row.attempts), self.clock.now()
            if row.id in self.interrupted:
                self.store.write(partial(outcome.give_back, segment=segment, now=now))
                self.interrupted.discard(row.id)
            else:
                manifest = self.readable_manifest(row)
                self.store.write(partial(outcome.die, segment=segment, status=1, manifest=manifest, now=now))

    def readable_manifest(self, run: Row) -> Manifest:
        """The version may be what can't be read."""
        try:
            return self.registry.manifest(run.version) or _unknown(run.skill)
        except ValidationError:
            return _unknown(run.skill)


class _OpenStep:
    """A try of a step that the worker is at; `once`: there is no other."""

    def __init__(self, within: float, delay: float, *, once: bool = False) -> None:
        self.within = within
        self.once = once
        self.until = time.monotonic() + delay + within


class Attempt:
    """`carry_out` returns when the attempt is over, whatever happened, with its outcome on disk.

    `stop` may be called from another thread: the worker is killed, and an effect that is under way is given up.
    """

    def __init__(self, runner: AttemptRunner, segment: Segment, run: Row) -> None:
        self._runner = runner
        self._store = runner.store
        self.segment = segment
        self._run = run
        self._manifest = runner.registry.manifest(run.version) or _unknown(run.skill)
        self._code = runner.registry.code(run.version)
        self._where = Circumstances(
            segment=segment,
            skill=run.skill,
            version=run.version,
            manifest=self._manifest,
            trusted=self._code.import_from is not None,
            rehearsal=run.rehearsal,
            session=run.session,
            depth=run.depth,
            priority=run.priority,
        )
        self._journal = Journal(runner.store, runner.clock, segment, has_progressed=run.deaths == 0)
        self._always_suspend = AlwaysSuspend(self._journal)
        self._worker: Worker | None = None
        self._stopped = False
        self._abort_effects = threading.Event()
        self._effects: list[threading.Thread] = []
        self._broken_by: Exception | None = None  # what an effect's thread came across
        self._sending = threading.Lock()
        self._open: dict[StepKey, _OpenStep] = {}
        self._body = BodyTime(None)
        self._said_end = False

    def stop(self) -> None:
        self._stopped = True
        self._abort_effects.set()
        self._kill()

    def carry_out(self) -> None:
        self._tell(self._run)
        try:
            self._to_an_outcome()
        except Fenced as lost:
            log.info("%s", lost)
        except Exception as error:
            if is_stores_fault(error):
                self._runner.interrupted.add(self.segment.run)
            raise
        finally:
            self._end_effects()
            self._end_worker()
            self._tell(self._row_now())

    def _to_an_outcome(self) -> None:
        try:
            if not self._where.trusted:
                require(self._runner.least_tier)
            if self._manifest.commands and (obstacle := self._runner.workers.no_boxes):
                programs = ", ".join(self._manifest.commands)
                raise TierTooWeak(f"it runs {programs}, and this machine has no box for programs: {obstacle}")
            self._worker = self._runner.workers.spawn()
            self._where = replace(self._where, scratch=self._worker.scratch)
            if self._stopped:  # while there was no process to kill yet
                self._kill()
            self._converse(self._worker)
        except WorkersUnavailable as error:
            log.warning("run %s: %s", self.segment.run, error)
            self._give_back(RETRY_SPAWN_AFTER)
        except _REFUSED as error:
            self._fail(ErrorInfo(type=type(error).__name__, message=str(error)))
        except (DataError, IntegrityError) as error:
            log.exception("run %s: the store refused a change of it", self.segment.run)
            message = f"the store refused what the run was about to remember: {error.orig}"
            self._fail(ErrorInfo(type="StoreRefused", message=message))

    # ------------------------------------------------------------ the conversation

    def _converse(self, worker: Worker) -> None:
        """Steps that run in parallel ask as they come; each answer but that of an effect is found here, in turn."""
        worker.sock.settimeout(SEND_WITHIN)
        lines = Lines(worker.sock)
        failpoint("attempt.spawned")
        at = {"at_run": self.segment.run, "at_number": self.segment.attempt}
        process = {"pid": worker.pid, "tier": reached().tier}
        self._store.write_lazily(lambda connection: _PROCESS.execute(connection, at | process))
        self._send(lines, self._start())
        self._body = BodyTime(worker.pid)
        while not self._said_end:
            try:
                line = self._receive(lines)
            except TimeoutError:
                return self._too_long(worker)
            if line is None:
                return self._died(worker)
            question = Question.model_validate_json(line)
            if isinstance(question.body, Effect):
                self._start_effect(question.id, question.body, lines)
                continue
            answer = self._answer(question.body)
            if not question.ahead:
                self._send(lines, Answer(id=question.id, body=answer))
            self._follow(question.body, answer)
        return None

    def _receive(self, lines: Lines) -> str | None:
        """The next line, until a time is up: even where other steps still have something to say. A step that begins
        to wait meanwhile has none any more."""
        while (left := self._left()) > 0:
            with suppress(TimeoutError):
                return lines.receive(left)
        raise TimeoutError

    def _left(self) -> float:
        """Seconds until the first open step's time is up; without one, until the body's is or is to be looked at."""
        if untils := [opened.until for opened in list(self._open.values())]:
            return min(untils) - time.monotonic()
        return self._body.left()

    def _send(self, lines: Lines, message: Start | Answer) -> None:
        failpoint("attempt.answer.before")
        try:
            with self._sending:
                lines.send(message.model_dump_json())
        except OSError:  # it is dead, or as good as dead; receiving says so, and why
            self._kill()

    def _start(self) -> Start:
        failed = self._failed_parent()
        first = origin(self._store, self._run)
        return Start(
            run=self._run.id,
            skill=self._run.skill,
            version=self._run.version,
            attempt=self.segment.attempt,
            trigger=self._run.trigger,
            rehearsal=self._run.rehearsal,
            code=self._code,
            input=self._run.input,
            zone=self._runner.zone,
            started=moment(first.created_at),
            seed=first.id,
            remembered=None if self._always_suspend.is_on else self._journal.uses(),
            failure=ErrorInfo.model_validate(failed.error) if failed else None,
            failed_run=failed.id if failed else None,
        )

    def _failed_parent(self) -> Row | None:
        """For the run of an `on_failure` handler: the run that failed."""
        if self._run.trigger != "on_failure":
            return None
        return self._store.row(sa.select(runs.c.id, runs.c.error).where(runs.c.id == self._run.parent))

    def _answer(self, question: Begin | Finish | Fail | Request | Log | End) -> Tell:
        if suspend := self._always_suspend.before(question):
            return suspend
        match question:
            case Begin() if question.kind_of_step == "irreversible":
                return begin_irreversible(question, self._journal, self._where, self._runner.requests)
            case Begin():
                return self._journal.begin(question)
            case Finish():
                return self._finish(question)
            case Fail():
                return self._journal.fail(self._runner.effects.as_rehearsed(question, self._where))
            case Request():
                return self._runner.requests.answer(question, self._journal, self._where)
            case Log():
                keep_log(self._store, self._runner.clock, self.segment, question)
                return Ok()
            case End():
                now = self._runner.clock.now()
                self._store.write(
                    lambda connection: outcome.conclude(connection, self.segment, question.result, self._manifest, now)
                )
                self._said_end = True
                return Ok()

    def _finish(self, question: Finish) -> Ok | Failed | Again | Suspend:
        try:
            self._journal.finish(question)
        except LimitReached as error:
            too_large = ErrorInfo(type="LimitReached", message=str(error))
            return self._journal.fail(Fail(step=question.step, attempt=1, error=too_large, retryable=False))
        return Ok()

    def _follow(self, question: Begin | Finish | Fail | Request | Log | End, answer: Tell) -> None:
        """What an answer changes here, and what others see of it: while the worker goes on already."""
        match question, answer:
            case Begin(), Go():
                once = question.kind_of_step == "irreversible"
                self._open[question.step] = _OpenStep(question.retry.timeout or STEP_WITHIN, answer.delay, once=once)
                self._tell_step(question.step, "running")
            case Fail(), Again():
                self._open[question.step] = _OpenStep(self._open[question.step].within, answer.delay)
                self._tell_step(question.step, "retrying")
            case Finish() | Fail(), Ok() | Failed() | Suspend():
                self._close_step(question.step, _STATE_AFTER[answer.kind])
            case (Begin(), Done() | Failed()) | (Request(), _):
                self._body.restart()

    def _close_step(self, step: StepKey, state: str) -> None:
        self._body.restart()
        self._open.pop(step, None)
        self._tell_step(step, state)

    # ------------------------------------------------------------ effects

    def _start_effect(self, id_: int, effect: Effect, lines: Lines) -> None:
        """In a thread of its own: it may take long, and other steps and the clock go on meanwhile."""
        if effect.step not in self._open:
            message = f"an effect needs an open step, and {effect.step} is not open"
            refused = Failed(error=ErrorInfo(type="OutsideStep", message=message))
            return self._send(lines, Answer(id=id_, body=refused))
        thread = threading.Thread(target=self._effect, args=(id_, effect, lines), name=f"effect {effect.step}")
        self._effects = [each for each in self._effects if each.is_alive()]
        self._effects.append(thread)
        return thread.start()

    def _effect(self, id_: int, effect: Effect, lines: Lines) -> None:
        try:
            answer = self._runner.effects.perform(effect, self._where, self._abort_effects)
            if self._may_have_happened(effect.step, answer):
                return self._kill()
            if isinstance(answer, Suspend):
                self._close_step(effect.step, "waiting")
            if not self._abort_effects.is_set():
                self._send(lines, Answer(id=id_, body=answer))
        except Exception as error:  # noqa: BLE001 # the attempt's own thread handles it
            self._broken_by = error
            self._kill()
        return None

    def _may_have_happened(self, step: StepKey, answer: Done | Failed | Suspend) -> bool:
        """The gateway died in the middle of what can't be undone. Nobody knows then, as where the worker dies; so it
        does, and its author's code has no say in it."""
        died = isinstance(answer, Failed) and answer.error.type == GatewayDied.__name__
        return died and step in self._open and self._open[step].once

    def _end_effects(self) -> None:
        """Give up those that are under way; they are on record when this returns."""
        self._abort_effects.set()
        for thread in self._effects:
            thread.join()

    # ------------------------------------------------------------ the worker had no last word

    def _too_long(self, worker: Worker) -> None:
        """A step's time is up, or the body's: the process is killed, then the step fails. Steps that ran beside it
        have lost this try, and begin again."""
        now, body, in_body = time.monotonic(), self._body.words(), not self._open and self._body.left() <= 0
        self._runner.workers.kill(worker)
        self._end_effects()  # a step whose time is up may wait for its budget by now
        if in_body:
            message = (
                f"code outside a step ran for {body} without a word. Put long work into a step, "
                "with a timeout= of its own."
            )
            return self._fail(ErrorInfo(type="BodyTooLong", message=message), outcome_="timed out")
        overdue = [step for step, opened in self._open.items() if opened.until <= now]
        goes_on_after = [self._fail_overdue(step) for step in overdue]
        return self._give_back(min(goes_on_after, default=0.0) if len(overdue) == len(self._open) else 0.0, "timed out")

    def _fail_overdue(self, step: StepKey) -> float:
        """Returns the seconds until there is something to do for this step."""
        message = f"step {step} took longer than {self._open[step].within:g} s"
        tried = Fail(step=step, attempt=1, error=ErrorInfo(type="StepTimeout", message=message))
        answer = self._journal.fail(tried, outcome="timed out", worker_lives=False)
        self._tell_step(step, "failed" if isinstance(answer, Failed) else "retrying")
        return 0.0 if isinstance(answer, Failed) else self._journal.delay(step)

    def _died(self, worker: Worker) -> None:
        status = self._runner.workers.kill(worker)  # without its socket it is as good as dead
        self._end_effects()
        if self._broken_by is not None:
            raise self._broken_by
        now = self._runner.clock.now()
        if self._stopped:
            return self._give_back(0.0, "stopped")
        self._store.write(lambda connection: outcome.die(connection, self.segment, status, self._manifest, now))
        return None

    def _fail(self, error: ErrorInfo, *, outcome_: str = "failed") -> None:
        now = self._runner.clock.now()
        self._store.write(
            lambda connection: outcome.fail_owned(
                connection, self.segment, error, self._manifest, now, outcome=outcome_
            )
        )

    def _give_back(self, delay: float, how: str = "lost") -> None:
        now = self._runner.clock.now()
        self._store.write(
            lambda connection: outcome.give_back(connection, self.segment, now, ready_at=now + delay, outcome=how)
        )

    def _kill(self) -> None:
        if self._worker is not None:
            self._runner.workers.kill(self._worker)

    def _end_worker(self) -> None:
        """The attempt is over only when its process is."""
        if self._worker is None:
            return
        if self._said_end:
            self._worker.exited.wait(1.0)
        self._runner.workers.kill(self._worker)
        self._worker.clear_away()

    # ------------------------------------------------------------ what others see of it

    def _row_now(self) -> Row:
        row = self._store.row(RUN, {"at_run": self._run.id})
        assert row is not None, self._run.id  # noqa: S101
        return row

    def _tell(self, row: Row) -> None:
        self._runner.moments.publish(
            "run",
            run=self._run.id,
            skill=self._run.skill,
            state=row.state,
            trigger=self._run.trigger,
            reason=row.reason,
            misfire=row.misfire,
            session=self._run.session,
        )

    def _tell_step(self, step: StepKey, state: str) -> None:
        self._runner.moments.publish("step", run=self._run.id, skill=self._run.skill, step=str(step), state=state)
