"""A step that must not happen twice, nor without a person's yes.

    approved, exactly so? ── no ──► NotApproved
            │ yes
    the intent is on disk ──► Go ──► Finish, or Fail: the step has ended, as others do
            │ a crash, or its time is up
    unknown: it may have happened. Its look-up finds out; without one, or where that fails for good, the run waits
    until a person says `done` or `not-done`.

It is never tried again, whatever happens.
"""

from __future__ import annotations

import json

import sqlalchemy as sa
from pydantic import JsonValue
from sqlalchemy.engine import Connection

from sidecar.approvals import DONE, NOT_YET, NewApproval
from sidecar.execution.asked import Circumstances
from sidecar.execution.requests import Requests
from sidecar.failpoints import failpoint
from sidecar.journal.runs import DEATHS_AT_MOST
from sidecar.journal.step_row import StepRow
from sidecar.journal.steps import Journal
from sidecar.store.schema import approvals, runs
from skills.wire import Begin, Done, Failed, Go, LookUp, Suspend


class NotApproved(Exception):
    """Nobody has approved this step with these arguments, by this version, in this run."""


def begin_irreversible(
    question: Begin, journal: Journal, where: Circumstances, requests: Requests
) -> Go | Done | Failed | LookUp | Suspend:
    call = {"step": question.step.name, "arguments": question.arguments, "version": where.version}

    def intend(connection: Connection) -> JsonValue:
        return {"approval": _approval(connection, question, call, where)}

    answer = journal.begin_once(question, intend)
    if isinstance(answer, StepRow):
        if question.lookup and answer.state != "waiting" and not _dies_again_and_again(requests, where):
            journal.give_up_try(answer)
            return LookUp()
        return _unknown(answer, call, journal, where, requests)
    failpoint("irreversible.intended")
    return answer


def _dies_again_and_again(requests: Requests, where: Circumstances) -> bool:
    """The look-up has no end of its own then."""
    row = requests.store.row(sa.select(runs.c.deaths).where(runs.c.id == where.segment.run))
    return row is not None and row.deaths >= DEATHS_AT_MOST


def _approval(connection: Connection, question: Begin, call: dict[str, JsonValue], where: Circumstances) -> str:
    """The id of the approval of exactly this call."""
    row = connection.execute(
        sa.select(approvals.c.id, approvals.c.call).where(
            approvals.c.run == where.segment.run,
            approvals.c.step == f"approve:{question.step.name}",
            approvals.c.occurrence == question.step.occurrence,
            approvals.c.state == "approved",
        )
    ).first()
    if row is None or row.call != call:
        raise NotApproved(f"nobody has approved {question.step} with these arguments; run.step_if_approved asks first")
    identity: str = row.id
    return identity


def _unknown(
    step: StepRow, call: dict[str, JsonValue], journal: Journal, where: Circumstances, requests: Requests
) -> Suspend:
    if step.state != "waiting":
        shown = json.dumps(call["arguments"], ensure_ascii=False)
        asked = f"Was {step.key} done? Tend died while it ran with {shown}, so it may have happened, or not."
        new = NewApproval("unknown", where.segment.run, where.skill, asked, choices=(DONE, NOT_YET), call=call)
        requests.wait_for_person(new, step, journal)
    return Suspend(reason="unknown")
