"""The steps that the sidecar answers itself: time, state, sleep, sub-runs, approvals, notices, commands."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

import sqlalchemy as sa
from pydantic import BaseModel, JsonValue, ValidationError
from sqlalchemy.engine import Connection

from sidecar.approvals import Approvals, NewApproval, Rules, ask
from sidecar.budget.budget import Budget, OverCap
from sidecar.caller import AGENT, TEND, Caller, CommandRefused
from sidecar.clock import Clock, moment
from sidecar.events import emit
from sidecar.execution import tool_words
from sidecar.execution.asked import Circumstances
from sidecar.execution.event_requests import EventRequests
from sidecar.execution.step_approval import approval_of_step
from sidecar.failpoints import failpoint
from sidecar.journal.admission import Skipped, create, new_run
from sidecar.journal.step_row import StepRow
from sidecar.journal.steps import Journal
from sidecar.moments import Moments
from sidecar.notices.tell import Notice, tell
from sidecar.proposals import proposed_by
from sidecar.registry import Declared, NoSuchSkill, Registry
from sidecar.rehearsing import to_rehearse, to_run
from sidecar.state import read_value
from sidecar.store import Store
from sidecar.store.schema import runs
from skills.approval import Approval
from skills.limits import Approve, Notify, Sleep
from skills.wire import Done, ErrorInfo, Failed, Request, StepKey, Suspend

DEPTH_AT_MOST = 10  # runs below one another
TOLD = "told"  # how the run ended that a command has waited for


class Commands(Protocol):
    def perform(self, name: str, arguments: dict[str, JsonValue], caller: Caller) -> JsonValue: ...


class _Question(BaseModel):
    question: str
    choices: list[str] = []


class _Invoke(BaseModel):
    skill: str
    input: JsonValue = None


class _Value(BaseModel):
    name: str
    value: JsonValue = None


class _Command(BaseModel):
    name: str
    arguments: dict[str, JsonValue] = {}


@dataclass(frozen=True)
class Requests:
    """Answers each request once; a repeated one gets the answer that was remembered."""

    store: Store
    clock: Clock
    registry: Registry
    moments: Moments
    commands: Commands
    approvals: Approvals
    rules: Rules
    on_ready: Callable[[], None]  # a run may be ready that nobody waits for here
    budget: Budget

    @property
    def _events(self) -> EventRequests:
        return EventRequests(self.clock, self.on_ready)

    def answer(self, question: Request, journal: Journal, where: Circumstances) -> Done | Failed | Suspend:
        step = journal.request(question)
        if step.kind == "command" and step.child:
            return self._after_child(step, journal, where)
        if remembered := step.remembered():
            return remembered
        if step.state == "waiting":
            return self._look_again(question, step, journal)
        failpoint(f"requests.{question.kind_of_request}.before")
        try:
            answer = self._first(question, step, journal, where)
        except ValidationError as error:
            answer = journal.answer(step, error=ErrorInfo(type="WrongType", message=str(error)))
        failpoint(f"requests.{question.kind_of_request}.after")
        return answer

    def _first(
        self, question: Request, step: StepRow, journal: Journal, where: Circumstances
    ) -> Done | Failed | Suspend:
        arguments = question.arguments
        match question.kind_of_request:
            case "now":
                return journal.answer(step, result=moment(self.clock.now()).isoformat())
            case "state.get":
                name = _Value.model_validate(arguments).name
                return journal.answer(
                    step, lambda connection: read_value(connection, where.skill, where.segment.run, name)
                )
            case "state.put":
                _Value.model_validate(arguments)
                return journal.answer(step)
            case "notify":
                return self._notify(Notify.model_validate(arguments), step, journal, where)
            case "emit" | "wait_for":
                return self._events.answer(question, step, journal, where)
            case "sleep":
                return self._sleep(Sleep.model_validate(arguments), step, journal, where)
            case "approve":
                return self._approve(Approve.model_validate(arguments), step, journal, where)
            case "question":
                return self._ask(_Question.model_validate(arguments), step, journal, where)
            case "invoke":
                return self._invoke(_Invoke.model_validate(arguments), step, journal, where)
            case "start":
                return self._start(_Invoke.model_validate(arguments), step, journal, where)
            case "command":
                return self._command(_Command.model_validate(arguments), step, journal, where)

    # ------------------------------------------------------------ what waits

    def _look_again(self, question: Request, step: StepRow, journal: Journal) -> Done | Failed | Suspend:
        """A step that waited when the run was suspended, and whose answer nobody has written."""
        due = step.wake_at is not None and self.clock.now() >= step.wake_at
        if due and step.kind == "sleep":
            return journal.answer(step)
        if due and step.kind == "wait_for":
            return self._events.time_is_up(question, step, journal)
        return Suspend(reason=step.kind)

    def _sleep(self, asked: Sleep, step: StepRow, journal: Journal, where: Circumstances) -> Done | Failed | Suspend:
        if where.rehearsal or asked.seconds == 0:
            return journal.answer(step)
        journal.wait(step, lambda _: None, wake_at=self.clock.now() + asked.seconds)
        return Suspend(reason="sleep")

    def _approve(
        self, asked: Approve, step: StepRow, journal: Journal, where: Circumstances
    ) -> Done | Failed | Suspend:
        if where.rehearsal:
            return journal.answer(
                step, result={"approved": False, "by": None, "because": "nobody is asked in a rehearsal"}
            )
        new = NewApproval("approval", where.skill, asked.question, run=journal.segment.run, step=step.key)
        if asked.call:
            key = StepKey(name=asked.call.step, occurrence=step.key.occurrence)
            new = approval_of_step(asked.question, key, asked.call.arguments, where)
        expires_at = self.clock.now() + asked.expires_in if asked.expires_in else None
        return self._unless_granted(replace(new, expires_at=expires_at, on_expiry=asked.on_expiry), step, journal)

    def _unless_granted(self, new: NewApproval, step: StepRow, journal: Journal) -> Done | Failed | Suspend:
        """A person is asked, unless a standing approval says yes."""
        answer = journal.wait_unless(step, lambda connection: self.approvals.ask_unless_granted(connection, new))
        if isinstance(answer, Suspend):
            self._tell_asked(new)
        return answer

    def _ask(self, asked: _Question, step: StepRow, journal: Journal, where: Circumstances) -> Done | Failed | Suspend:
        if not where.trusted:
            return journal.answer(step, error=_refused("question"))
        new = NewApproval("question", where.skill, asked.question, choices=tuple(asked.choices))
        return self.wait_for_person(new, step, journal)

    def wait_for_person(self, new: NewApproval, step: StepRow, journal: Journal) -> Suspend:
        new = replace(new, run=journal.segment.run, step=step.key)

        def change(connection: Connection) -> None:
            ask(connection, new, self.clock.now())

        journal.wait(step, change)
        self._tell_asked(new)
        return Suspend(reason=step.kind)

    def _tell_asked(self, new: NewApproval) -> None:
        self.moments.publish(
            "approval", id=new.id, state="open", question=new.question, run=new.run, kind=new.kind, skill=new.skill
        )

    # ------------------------------------------------------------ sub-runs

    def _invoke(self, asked: _Invoke, step: StepRow, journal: Journal, where: Circumstances) -> Done | Failed | Suspend:
        active = self.registry.active(asked.skill)
        if active is None:
            message = f"there is no active skill {asked.skill!r}"
            return journal.answer(step, error=ErrorInfo(type="NoSuchSkill", message=message))
        if active.trusted and not where.trusted:
            return journal.answer(step, error=_refused(f"invoke of {asked.skill!r}"))
        if problem := self._too_deep(where.segment.run, asked.skill):
            return journal.answer(step, error=ErrorInfo(type="TooDeep", message=problem))
        session = asked.input.get("session") if active.trusted and isinstance(asked.input, dict) else None
        version, input_ = active.declared, asked.input
        return self._start_child(step, journal, where, asked.skill, version, input_=input_, session=session)

    def _start_child(
        self,
        step: StepRow,
        journal: Journal,
        where: Circumstances,
        skill: str,
        version: Declared,
        *,
        input_: JsonValue,
        rehearsal: bool = False,
        session: JsonValue = None,
    ) -> Done | Failed | Suspend:
        parent = where.segment.run
        new = new_run(
            skill,
            version.version,
            version.manifest,
            priority=where.priority,
            trigger="rehearsal" if rehearsal else f"run {parent}",
            input=input_,
            rehearsal=rehearsal or where.rehearsal,
            parent=parent,
            parent_step=step.key.name,
            parent_occurrence=step.key.occurrence,
            depth=where.depth,
            session=session if isinstance(session, str) else None,
            concurrency_key=session if isinstance(session, str) else "rehearsal" if rehearsal else "",
        )
        try:
            journal.wait(step, lambda connection: create(connection, new, self.clock.now()))
        except Skipped as no_room:
            return _skipped(step, journal, no_room)
        return Suspend(reason=step.kind)

    def _too_deep(self, run: str, skill: str) -> str | None:
        """A skill that waits for itself would wait for ever."""
        above: str | None = run
        for _ in range(DEPTH_AT_MOST):
            row = self.store.row(sa.select(runs.c.skill, runs.c.parent, runs.c.parent_step).where(runs.c.id == above))
            if row is None:
                return None
            if row.skill == skill:
                return f"{skill} is already running above this run; a run that waits for its own skill never ends"
            above = row.parent if row.parent_step else None  # else nobody waits for it
        return f"runs may be {DEPTH_AT_MOST} deep"

    def _start(self, asked: _Invoke, step: StepRow, journal: Journal, where: Circumstances) -> Done | Failed:
        """A run of its own: nobody waits for it, and nobody's end ends it."""
        active = self.registry.active(asked.skill)
        if active is None:
            message = f"there is no active skill {asked.skill!r}"
            return journal.answer(step, error=ErrorInfo(type="NoSuchSkill", message=message))
        if active.trusted:
            return journal.answer(step, error=_refused(f"start of {asked.skill!r}"))
        if where.depth >= emit.DEPTH_AT_MOST:
            message = f"runs may start one another {emit.DEPTH_AT_MOST} times; does this chain ever end?"
            return journal.answer(step, error=ErrorInfo(type="TooDeep", message=message))
        new = new_run(
            asked.skill,
            active.version,
            active.manifest,
            trigger=f"run {where.segment.run}",
            input=asked.input,
            rehearsal=where.rehearsal,
            parent=where.segment.run,
            depth=where.depth + 1,
            concurrency_key="rehearsal" if where.rehearsal else "",
        )
        try:
            answer = journal.answer(step, lambda connection: create(connection, new, self.clock.now()))
        except Skipped as no_room:
            return _skipped(step, journal, no_room)
        self.on_ready()
        return answer

    # ------------------------------------------------------------ notices and commands

    def _notify(self, asked: Notify, step: StepRow, journal: Journal, where: Circumstances) -> Done | Failed | Suspend:
        if where.rehearsal:
            return journal.answer(step, result={"notice": "", "rehearsal": "nothing was sent"})

        def change(connection: Connection) -> JsonValue:
            self.budget.count(connection, "notices", where.segment.run, where.skill)
            notice = Notice(where.segment.run, where.skill, asked.target, asked.text)
            return {"notice": tell(connection, notice, self.clock.now())}

        try:
            answer = journal.answer(step, change)
        except OverCap as reached:
            journal.wait(step, partial(self.budget.wait, reached=reached, step=step.key))
            return Suspend(reason="budget")
        self.moments.publish("notice", run=where.segment.run, skill=where.skill, target=asked.target, text=asked.text)
        return answer

    def _command(
        self, asked: _Command, step: StepRow, journal: Journal, where: Circumstances
    ) -> Done | Failed | Suspend:
        if not where.trusted:
            return journal.answer(step, error=_refused("command"))
        if (refused := self._unless_approved(asked, step, journal, where)) is not None:
            return refused
        if asked.name == "skills.run" and asked.arguments.get("wait"):
            return self._run_and_wait(asked, step, journal, where)
        self._tell_tool(where, asked.name, "started", tool_words.begun(asked.name, asked.arguments))
        try:
            result = self.commands.perform(asked.name, asked.arguments, self._caller(step, journal, where))
        except CommandRefused as error:
            self._tell_tool(where, asked.name, "failed", tool_words.refused(asked.name, asked.arguments, str(error)))
            return journal.answer(step, error=ErrorInfo(type=error.type, message=str(error)))
        failpoint("requests.command.performed")
        self._tell_tool(where, asked.name, *tool_words.ended(result))
        return journal.answer(step, result=result)

    def _unless_approved(
        self, asked: _Command, step: StepRow, journal: Journal, where: Circumstances
    ) -> Failed | Suspend | None:
        """None where the tool needs no yes, or has it: for exactly these arguments, in a step of its own before it."""
        if self.rules.need(asked.name) == "never":
            return None
        key = StepKey(name=f"approve:{step.key.name}", occurrence=step.key.occurrence)
        call: dict[str, JsonValue] = {"step": asked.name, "arguments": asked.arguments, "version": where.version}
        question = f"May the agent do {asked.name} {json.dumps(asked.arguments, ensure_ascii=False)}?"
        waits = journal.request(Request(step=key, kind_of_request="approve", arguments={"call": call}))
        answer = waits.remembered()
        if answer is None and waits.state != "waiting":
            reason = f"the settings want a yes to {asked.name}"
            wanted = NewApproval("approval", where.skill, question, call=call, reason=reason)
            return self.wait_for_person(wanted, waits, journal)
        if answer is None:
            return Suspend(reason="approve")
        said = Approval.model_validate(answer.result if isinstance(answer, Done) else {"approved": False})
        if said:
            return None
        message = (
            f"{said.by or 'nobody'} said no to {asked.name}{', because ' if said.because else ''}{said.because or ''}"
        )
        denied = journal.answer(step, error=ErrorInfo(type="Denied", message=message))
        assert isinstance(denied, Failed)  # noqa: S101 # it was given an error
        return denied

    def _run_and_wait(
        self, asked: _Command, step: StepRow, journal: Journal, where: Circumstances
    ) -> Done | Failed | Suspend:
        """`skills.run` as a sub-run, so that the one who waits holds neither process nor slot."""
        name, rehearsal = str(asked.arguments.get("name")), bool(asked.arguments.get("rehearsal"))
        active = self.registry.active(name)
        try:
            if active and active.trusted:
                raise NoSuchSkill(name)  # noqa: TRY301 # to the agent it is none
            version = self._to_rehearse(name, where) if rehearsal else to_run(self.store, self.registry, name)
        except NoSuchSkill:
            message = f"there is no skill {name!r} of the workspace; write it, or list what there is"
            return journal.answer(step, error=ErrorInfo(type="NoSuchSkill", message=message))
        except CommandRefused as error:
            return journal.answer(step, error=ErrorInfo(type=error.type, message=str(error)))
        self._tell_tool(where, asked.name, "started", tool_words.begun(asked.name, asked.arguments))
        input_ = asked.arguments.get("input")
        return self._start_child(step, journal, where, name, version, input_=input_, rehearsal=rehearsal)

    def _to_rehearse(self, skill: str, where: Circumstances) -> Declared:
        """Of a revision, what it has proposed: a rehearsal shows what it would do."""
        proposed = self.store.read(lambda connection: proposed_by(connection, skill, self._review(where)))
        return to_rehearse(self.store, self.registry, skill, proposed)

    def _review(self, where: Circumstances) -> str | None:
        """The review for which this run revises a skill."""
        row = self.store.row(sa.select(runs.c.input, runs.c.parent).where(runs.c.id == where.segment.run))
        revises = row is not None and isinstance(row.input, dict) and row.input.get("revise")
        return row.parent if row and revises else None

    def _after_child(self, step: StepRow, journal: Journal, where: Circumstances) -> Done | Failed | Suspend:
        """A command that ran a skill is answered with the run, however it ended."""
        if step.state == "waiting":
            return Suspend(reason="run")
        result = self.commands.perform("runs.show", {"run": step.child}, Caller(AGENT, run=journal.segment.run))
        if step.intent != TOLD:  # a replay comes here again
            journal.intend(step, TOLD)
            self._tell_tool(where, "skills.run", *tool_words.ended(result))
        return Done(result=result)

    def _caller(self, step: StepRow, journal: Journal, where: Circumstances) -> Caller:
        run = self.store.row(sa.select(runs.c.input, runs.c.parent).where(runs.c.id == where.segment.run))
        assert run is not None, where  # noqa: S101 # it is running
        revises: Any = run.input.get("revise") if isinstance(run.input, dict) else None
        return Caller(
            who=AGENT if where.skill == AGENT else TEND,
            run=where.segment.run,
            session=where.session,
            review=run.parent if revises else None,
            revises=revises,
            intent=step.intent,
            intend=lambda intent: journal.intend(step, intent),
        )

    def _tell_tool(self, where: Circumstances, name: str, state: str, summary: str) -> None:
        if where.session and not name.startswith("chat."):
            self.moments.publish(
                "tool", run=where.segment.run, session=where.session, name=name, state=state, summary=summary
            )


def _skipped(step: StepRow, journal: Journal, no_room: Skipped) -> Done | Failed:
    return journal.answer(step, error=ErrorInfo(type="Skipped", message=str(no_room)))


def _refused(what: str) -> ErrorInfo:
    return ErrorInfo(type="NotAllowed", message=f"{what} is for the skills that ship with Tend")
