"""Standing approvals, given, used and taken back in any order: a yes where one covers what is asked, else a person."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from pydantic import JsonValue

from sidecar.approvals import Answer, Approvals, NewApproval, Rules, Standing
from sidecar.approvals.grants import NewGrant, grant, revoke
from sidecar.store.schema import approval_grants, approvals, audit
from tests.chaos.machines.stage import Emptied

STEPS, VERSIONS = ("order", "pay"), ("v1", "v2")
VALUES: tuple[JsonValue, ...] = (1, True, "1", None, [1])  # 1 is not true
ARGUMENTS = st.fixed_dictionaries({"item": st.sampled_from(VALUES), "count": st.sampled_from(VALUES)})
EXACT = st.fixed_dictionaries({}, optional={"item": st.sampled_from(VALUES), "count": st.sampled_from(VALUES)})


@dataclass
class Granted:
    id: str
    step: str
    version: str
    exact: dict[str, JsonValue]
    until: float
    revoked: bool = False
    uses: int = 0

    def covers(self, step: str, version: str, arguments: dict[str, JsonValue], now: float) -> bool:
        same = all(repr(arguments[name]) == repr(value) for name, value in self.exact.items())
        return not self.revoked and now < self.until and (step, version) == (self.step, self.version) and same


class GrantsMachine(RuleBasedStateMachine):
    def __init__(self, stage: Emptied) -> None:
        super().__init__()
        self.store, self.clock = stage.store, stage.clock
        self.approvals = Approvals(self.clock, Rules())
        self.granted: list[Granted] = []
        self.open: list[tuple[NewApproval, dict[str, JsonValue]]] = []

    @rule(step=st.sampled_from(STEPS), version=st.sampled_from(VERSIONS), exact=EXACT, lasts=st.integers(1, 100))
    def give(self, step: str, version: str, exact: dict[str, JsonValue], lasts: int) -> None:
        now = self.clock.now()
        new = NewGrant("s", version, step, exact, "why", "ann", now + lasts)
        identity = self.store.write(lambda connection: grant(connection, new, now))
        self.granted.append(Granted(identity, step, version, exact, now + lasts))

    @rule(step=st.sampled_from(STEPS), version=st.sampled_from(VERSIONS), arguments=ARGUMENTS)
    def ask(self, step: str, version: str, arguments: dict[str, JsonValue]) -> None:
        call: dict[str, JsonValue] = {"step": step, "arguments": arguments, "version": version}
        new = NewApproval("approval", "s", "Really?", call=call)
        answer = self.store.write(lambda connection: self.approvals.ask_unless_granted(connection, new))
        covering = [one for one in self.granted if one.covers(step, version, arguments, self.clock.now())]
        assert (answer is not None) == bool(covering), (call, covering)
        if answer is None:
            self.open.append((new, arguments))
            return
        used = self.store.rows(sa.select(approvals.c.grant_used).where(approvals.c.id == new.id))[0].grant_used
        next(one for one in covering if one.id == used).uses += 1

    @precondition(lambda self: self.open)
    @rule(data=st.data(), any_of=st.sets(st.sampled_from(["item", "count"])), lasts=st.integers(1, 100))
    def answer_for_a_while(self, data: st.DataObject, any_of: set[str], lasts: int) -> None:
        new, arguments = data.draw(st.sampled_from(self.open))
        self.open.remove((new, arguments))
        given = Answer("yes", "", "bob", "test", Standing(lasts, tuple(any_of)))
        answered = self.store.write(lambda connection: self.approvals.answer(connection, new.id, given))
        assert answered.outcome == "counted"
        known = [one.id for one in self.granted]
        (made,) = self.store.rows(sa.select(approval_grants).where(approval_grants.c.id.not_in(known)))
        exact = {name: value for name, value in arguments.items() if name not in any_of}
        self.granted.append(Granted(made.id, made.step, made.version, exact, self.clock.now() + lasts))

    @precondition(lambda self: self.granted)
    @rule(data=st.data())
    def take_back(self, data: st.DataObject) -> None:
        one = data.draw(st.sampled_from(self.granted))
        changed = self.store.write(lambda connection: revoke(connection, one.id, "ann", self.clock.now()))
        assert changed != one.revoked
        one.revoked = True

    @rule(seconds=st.integers(1, 60))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @invariant()
    def each_use_is_on_record(self) -> None:
        used = sa.select(approvals.c.grant_used, sa.func.count().label("uses")).group_by(approvals.c.grant_used)
        counted = {row.grant_used: row.uses for row in self.store.rows(used) if row.grant_used}
        assert counted == {one.id: one.uses for one in self.granted if one.uses}
        audited = self.store.rows(sa.select(audit.c.seq).where(audit.c.why.startswith("standing approval ")))
        assert len(audited) == sum(one.uses for one in self.granted)
