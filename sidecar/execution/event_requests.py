"""Answers `run.emit` and `run.wait_for`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pydantic import JsonValue
from sqlalchemy.engine import Connection

from sidecar.caller import CommandRefused
from sidecar.clock import Clock
from sidecar.events.emit import NewEvent, emit, require_name, require_own_name
from sidecar.events.waits import Wanted, take_earlier, take_last
from sidecar.execution.asked import Circumstances
from sidecar.journal.step_row import StepRow
from sidecar.journal.steps import Journal
from skills.limits import Emit
from skills.wire import Done, ErrorInfo, Failed, Request, Suspend


@dataclass(frozen=True)
class EventRequests:
    clock: Clock
    on_ready: Callable[[], None]  # runs may be ready now: started by an event, or woken by it

    def answer(
        self, question: Request, step: StepRow, journal: Journal, where: Circumstances
    ) -> Done | Failed | Suspend:
        try:
            if question.kind_of_request == "emit":
                return self._emit(Emit.model_validate(question.arguments), step, journal, where)
            return self._wait_for(Wanted.model_validate(question.arguments), step, journal, where)
        except CommandRefused as error:
            return journal.answer(step, error=ErrorInfo(type=error.type, message=str(error)))

    def time_is_up(self, question: Request, step: StepRow, journal: Journal) -> Done | Failed:
        """No event has come, as far as this attempt knew when it began."""
        wanted, run = Wanted.model_validate(question.arguments), journal.segment.run
        return journal.answer(step, lambda connection: take_last(connection, run, step.key, wanted))

    def _emit(self, asked: Emit, step: StepRow, journal: Journal, where: Circumstances) -> Done | Failed:
        require_own_name(asked.name)
        if where.rehearsal:
            return journal.answer(step, result={"event": None, "rehearsal": "nothing was emitted"})
        run = where.segment.run
        identity = asked.id or f"{run} {step.key}"
        new = NewEvent(asked.name, asked.payload, f"run {run}", depth=where.depth + 1, id=identity)

        def change(connection: Connection) -> JsonValue:
            return {"event": identity, "is_new": emit(connection, new, self.clock.now()).is_new}

        answer = journal.answer(step, change)
        self.on_ready()
        return answer

    def _wait_for(
        self, wanted: Wanted, step: StepRow, journal: Journal, where: Circumstances
    ) -> Done | Failed | Suspend:
        require_name(wanted.name)
        if where.rehearsal:
            return journal.answer(step)
        run = where.segment.run
        return journal.wait_unless(
            step,
            lambda connection: take_earlier(connection, run, wanted),
            wake_at=self.clock.now() + wanted.seconds,
        )
