"""A step that must not happen twice, nor without a person's yes.

    approved, exactly so? ── no ──► NotApproved, ApprovalVoid
            │ yes
    the intent is on disk ──► Go ──► Finish, or Fail: the step has ended, as others do
            │ a crash, or its time is up
    unknown: it may have happened. Its look-up finds out; without one, or where that fails for good, the run waits
    until a person says `done` or `not-done`.

It is never tried again, whatever happens.
"""

from __future__ import annotations

import json
from dataclasses import replace

import sqlalchemy as sa
from pydantic import JsonValue
from sqlalchemy.engine import Connection

from sidecar.approvals import DONE, NOT_YET, NewApproval, bound_hash, void
from sidecar.approvals.grants import is_revoked
from sidecar.execution.asked import Circumstances
from sidecar.execution.requests import Requests
from sidecar.execution.step_approval import approval_of_step
from sidecar.failpoints import failpoint
from sidecar.journal.runs import DEATHS_AT_MOST
from sidecar.journal.step_row import StepRow
from sidecar.journal.steps import Journal
from sidecar.store.schema import approvals, runs
from skills.wire import Begin, Done, Failed, Go, LookUp, StepKey, Suspend


class NotApproved(Exception):
    """Nobody has approved this step in this run."""


class ApprovalVoid(NotApproved):
    """What would be done now is not what was approved, or the standing approval that said yes was revoked."""

    def __init__(self, approval: str, why: str) -> None:
        super().__init__(
            f"the yes of approval {approval} is void: {why}. Nothing was done; start the run again, and a person is "
            "asked again"
        )
        self.approval = approval
        self.why = why


def begin_irreversible(
    question: Begin, journal: Journal, where: Circumstances, requests: Requests
) -> Go | Done | Failed | LookUp | Suspend:
    wanted = approval_of_step("", question.step, question.arguments, where)

    def intend(connection: Connection) -> JsonValue:
        return {"approval": _approval(connection, wanted, question.step)}

    try:
        answer = journal.begin_once(question, intend)
    except ApprovalVoid as error:
        identity, why, now = error.approval, error.why, requests.clock.now()
        requests.store.write(lambda connection: void(connection, identity, why, now))
        raise
    if isinstance(answer, StepRow):
        if question.lookup and answer.state != "waiting" and not _dies_again_and_again(requests, where):
            journal.give_up_try(answer)
            return LookUp()
        return _unknown(answer, wanted, journal, requests)
    failpoint("irreversible.intended")
    return answer


def _dies_again_and_again(requests: Requests, where: Circumstances) -> bool:
    """The look-up has no end of its own then."""
    row = requests.store.row(sa.select(runs.c.deaths).where(runs.c.id == where.segment.run))
    return row is not None and row.deaths >= DEATHS_AT_MOST


def _approval(connection: Connection, wanted: NewApproval, step: StepKey) -> str:
    """The id of the approval of exactly this."""
    assert wanted.step is not None, wanted  # noqa: S101 # it is of a step
    row = connection.execute(
        sa.select(approvals.c.id, approvals.c.hash, approvals.c.grant_used).where(
            approvals.c.run == wanted.run,
            approvals.c.step == wanted.step.name,
            approvals.c.occurrence == wanted.step.occurrence,
            approvals.c.state == "approved",
        )
    ).first()
    if row is None:
        raise NotApproved(f"nobody has approved {step}; run.step_if_approved asks first")
    if row.hash != bound_hash(wanted):
        raise ApprovalVoid(row.id, f"{step} would be done with other arguments, by other bytes or to another target")
    if row.grant_used and is_revoked(connection, row.grant_used):
        raise ApprovalVoid(row.id, f"its standing approval {row.grant_used} was revoked before {step} began")
    identity: str = row.id
    return identity


def _unknown(step: StepRow, wanted: NewApproval, journal: Journal, requests: Requests) -> Suspend:
    if step.state != "waiting":
        assert wanted.call is not None, wanted  # noqa: S101 # it is of a step
        shown = json.dumps(wanted.call["arguments"], ensure_ascii=False)
        asked = f"Was {step.key} done? Tend died while it ran with {shown}, so it may have happened, or not."
        new = replace(wanted, kind="unknown", question=asked, choices=(DONE, NOT_YET), reason="nobody knows by itself")
        requests.wait_for_person(new, step, journal)
    return Suspend(reason="unknown")
