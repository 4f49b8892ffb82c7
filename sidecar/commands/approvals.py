"""Commands about what waits for a person."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sidecar.approvals import Answer, Answered, Approvals, Rules, Standing
from sidecar.caller import Caller, CommandRefused
from sidecar.client import views
from sidecar.client.approval_settings import NEEDS
from sidecar.clock import Clock
from sidecar.commands.show import approval_view, how_many_open, open_approvals
from sidecar.commands.table import command
from sidecar.dispatch.dispatcher import Dispatcher
from sidecar.failpoints import failpoint
from sidecar.moments import Moments
from sidecar.store import Store
from sidecar.store.schema import approvals


class ApprovalCommands:
    def __init__(
        self,
        store: Store,
        clock: Clock,
        answering: Approvals,
        rules: Rules,
        dispatcher: Dispatcher,
        moments: Moments,
    ) -> None:
        self._store = store
        self._clock = clock
        self._approvals = answering
        self._rules = rules
        self._dispatcher = dispatcher
        self._moments = moments

    @command("approvals.list")
    def open(self, caller: Caller) -> list[views.Approval]:  # noqa: ARG002
        return self._store.read(lambda connection: open_approvals(connection, self._clock.now()))

    @command("approvals.count")
    def count(self, caller: Caller) -> int:  # noqa: ARG002
        return self._store.read(lambda connection: how_many_open(connection, self._clock.now()))

    @command("approvals.show")
    def show(self, caller: Caller, approval: str) -> views.Approval:  # noqa: ARG002
        """By id, or the first letters of it; answered or not."""
        query = sa.select(approvals).where(approvals.c.id.startswith(approval, autoescape=True)).limit(2)
        found = self._store.rows(query)
        if not approval or not found:
            raise CommandRefused("not_found", f"there is no approval {approval!r}. See what waits: tend approvals list")
        if len(found) > 1:
            raise CommandRefused("ambiguous", f"more than one approval begins with {approval!r}; give more of the id")
        return approval_view(found[0])

    @command("approvals.answer", stores=True)
    def answer(
        self,
        caller: Caller,
        approval: str,
        answer: str,
        because: str = "",
        always_for: float | None = None,
        any_of: tuple[str, ...] = (),
    ) -> views.Answered:
        """By its whole id: an answer meant for one must not reach another."""
        standing = Standing(always_for, any_of) if always_for is not None else None
        given = Answer(answer, because, caller.who, caller.via, standing)

        def change(connection: Connection) -> Answered:
            return self._approvals.answer(connection, approval, given)

        answered = self._store.write(change)
        failpoint("approvals.answered")
        row = answered.row
        if row is None:
            return views.Answered(outcome=answered.outcome, said=answered.said)
        if answered.outcome == "counted":
            self._dispatcher.nudge()
            self._moments.publish("approval", id=row.id, state=row.state, question=row.question, run=row.run)
        return views.Answered(outcome=answered.outcome, said=answered.said, approval=approval_view(row))

    @command("approvals.rules")
    def rules(self, caller: Caller) -> views.Rules:  # noqa: ARG002
        needs = tuple(
            views.Rule(what=what, need=self._rules.need(what), set=what in self._rules.needs) for what in NEEDS
        )
        return views.Rules(needs=needs, approvers={skill: tuple(who) for skill, who in self._rules.approvers.items()})
