"""Approvals in any order of questions, answers, repeated answers, expiry and cancellation: one decision, the first."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from sidecar.approvals import Answer, Approvals, NewApproval, Rules, ask
from sidecar.approvals.asking import Kind
from sidecar.caller import CommandRefused
from sidecar.journal import runs as journal
from sidecar.journal.admission import NewRun, create
from sidecar.journal.runs import Segment
from sidecar.journal.steps import Journal
from sidecar.store.schema import approvals, audit, steps
from skills.wire import Request, StepKey
from tests.chaos.machines.stage import Emptied

KEY = StepKey(name="approve", occurrence=0)
WORDS: dict[Kind, tuple[str, ...]] = {
    "approval": ("yes", "no"),
    "question": ("Tuesday",),
    "unknown": ("done", "not-done"),
}


@dataclass
class Asked:
    """`decided` is the first answer that counted, "expired" or "cancelled"."""

    id: str
    kind: Kind
    expires_at: float | None
    decided: str | None = None


class ApprovalsMachine(RuleBasedStateMachine):
    """Each run asks one thing, and is suspended."""

    def __init__(self, stage: Emptied) -> None:
        super().__init__()
        self.store, self.clock = stage.store, stage.clock
        self.approvals = Approvals(self.clock, Rules())
        self.asked: list[Asked] = []

    # ------------------------------------------------------------ what may happen

    @rule(kind=st.sampled_from(sorted(WORDS)), expires_in=st.none() | st.integers(1, 100))
    def ask(self, kind: Kind, expires_in: int | None) -> None:
        now, identity = self.clock.now(), f"{len(self.asked):03}"
        expires_at = now + expires_in if expires_in and kind == "approval" else None
        new = NewRun(skill="s", version="v", trigger="call", id=identity, concurrency=1_000)
        self.store.write(lambda connection: create(connection, new, now))
        segment = self._claim(identity)
        one = Journal(self.store, self.clock, segment)
        step = one.request(Request(step=KEY, kind_of_request="approve", arguments={}))
        question = NewApproval(kind, "s", "Really?", run=identity, step=KEY, expires_at=expires_at, id=identity)
        one.wait(step, lambda connection: ask(connection, question, now))
        self.store.write(lambda connection: journal.suspend(connection, segment, now))
        self.asked.append(Asked(identity, kind, expires_at))

    @precondition(lambda self: self.asked)
    @rule(data=st.data(), who=st.sampled_from(["ann", "bob"]))
    def answer(self, data: st.DataObject, who: str) -> None:
        """The first counts; whoever comes later, or too late, is told so."""
        one = data.draw(st.sampled_from(self.asked))
        text = data.draw(st.sampled_from([*WORDS[one.kind], "perhaps"]))
        too_late = one.expires_at is not None and one.expires_at <= self.clock.now()
        fits = one.kind == "question" or text in WORDS[one.kind]
        given = Answer(text, "", who, "test")
        try:
            answered = self.store.write(lambda connection: self.approvals.answer(connection, one.id, given))
        except CommandRefused:
            assert not fits
            return
        counts = not one.decided and not too_late
        assert (answered.outcome == "counted") == counts, (answered, one)
        assert "Really?" in answered.said, "each answer is answered"
        if counts:
            one.decided = text
        elif not one.decided:
            one.decided = "expired"

    @rule(seconds=st.integers(1, 60))
    def time_passes(self, seconds: int) -> None:
        """What nobody has answered in time expires, and the run goes on: never early, and none stays behind."""
        self.clock.advance(seconds)
        now = self.clock.now()
        for row in self.store.write(self.approvals.expire_due):
            one = next(each for each in self.asked if each.id == row.id)
            assert one.decided is None, f"expired although it was decided: {one}"
            assert one.expires_at is not None
            assert one.expires_at <= now, "expired early"
            one.decided = "expired"
        assert not [one for one in self.asked if not one.decided and one.expires_at and one.expires_at <= now]

    def _claim(self, run: str) -> Segment:
        """Others that were ready too have their answers, and go on in their turn."""
        now = self.clock.now()
        claimed = self.store.write(lambda connection: journal.claim(connection, 1_000, now))
        for segment in claimed:
            if segment.run != run:
                self._put_off(segment)
        return next(segment for segment in claimed if segment.run == run)

    def _put_off(self, segment: Segment) -> None:
        ready_at = self.clock.now() + 10**6
        self.store.write(lambda connection: journal.requeue(connection, segment, ready_at=ready_at))

    @precondition(lambda self: self.asked)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        one = data.draw(st.sampled_from(self.asked))
        cancelled = self.store.write(lambda connection: journal.cancel(connection, one.id, "enough", self.clock.now()))
        if cancelled and one.decided is None:
            one.decided = "cancelled"

    # ------------------------------------------------------------ what always holds

    @invariant()
    def the_step_has_the_first_answer(self) -> None:
        rows = {row.run: row for row in self.store.rows(sa.select(steps))}
        for one in self.asked:
            assert (rows[one.id].state == "waiting") == (one.decided is None), (one, rows[one.id])
            if one.kind == "approval" and one.decided in ("yes", "no", "expired"):
                assert rows[one.id].result["approved"] == (one.decided == "yes")

    @invariant()
    def each_decision_is_on_record_once(self) -> None:
        rows = self.store.rows(sa.select(audit.c.subject).where(audit.c.subject.startswith("approval ")))
        decided = sorted(f"approval {one.id}" for one in self.asked if one.decided not in (None, "cancelled"))
        assert sorted(row.subject for row in rows) == decided

    @invariant()
    def an_open_question_is_shown_as_open(self) -> None:
        open_ = self.store.rows(sa.select(approvals.c.id).where(approvals.c.state == "open"))
        assert sorted(row.id for row in open_) == sorted(one.id for one in self.asked if one.decided is None)
