"""Runs in any order of claims, steps, waits, ends, cancellations and restarts, with attempts that don't know yet that
they were given up: what is in the store is what a model of it says, and who lost a run changes nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
import sqlalchemy as sa
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from sidecar.checker.manifest import Manifest
from sidecar.execution import outcome
from sidecar.journal import runs as journal
from sidecar.journal.admission import NewRun, create
from sidecar.journal.runs import FINAL, Fenced, Segment
from sidecar.journal.steps import Journal
from sidecar.store.schema import attempts, runs, steps
from skills.wire import Begin, ErrorInfo, Finish, Raised, Request, Retry, StepKey, Succeeded, Suspended
from tests.chaos.machines.stage import Emptied

SKILLS = {"one": 1, "three": 3}  # how many runs of it at once
MANIFEST = Manifest(name="any", purpose="", takes_input=True)


@dataclass
class Modelled:
    id: str
    skill: str
    state: str = "queued"
    admitted: bool = False
    steps: int = 0  # that succeeded
    wake_at: float | None = None
    parent: str | None = None
    owner: Segment | None = None
    old: list[Segment] = field(default_factory=list)  # attempts that were given up


class RunsMachine(RuleBasedStateMachine):
    def __init__(self, stage: Emptied) -> None:
        super().__init__()
        self.store, self.clock = stage.store, stage.clock
        self.runs: dict[str, Modelled] = {}

    # ------------------------------------------------------------ what may happen

    @rule(skill=st.sampled_from(sorted(SKILLS)))
    def create(self, skill: str) -> None:
        self._created(self._new(skill))

    @rule(limit=st.integers(1, 4))
    def claim(self, limit: int) -> None:
        """Exactly those that are ready and have room, the oldest first."""
        expected = self._ready(limit)
        claimed = self.store.write(lambda connection: journal.claim(connection, limit, self.clock.now()))
        assert [segment.run for segment in claimed] == expected
        for segment in claimed:
            one = self.runs[segment.run]
            one.state, one.admitted, one.owner = "running", True, segment
            self._look_again(segment)

    @precondition(lambda self: self._some("running"))
    @rule(data=st.data())
    def do_a_step(self, data: st.DataObject) -> None:
        one = self._pick(data, "running")
        self._step(self._owner(one), one.steps)
        one.steps += 1

    @precondition(lambda self: self._some("running"))
    @rule(data=st.data(), seconds=st.integers(1, 100))
    def sleep(self, data: st.DataObject, seconds: int) -> None:
        one = self._pick(data, "running")
        one.wake_at = self.clock.now() + seconds
        self._wait(self._owner(one), "sleep", one.wake_at)
        self._give_up(one, "waiting")

    @precondition(lambda self: self._some("running"))
    @rule(data=st.data(), skill=st.sampled_from(sorted(SKILLS)))
    def invoke(self, data: st.DataObject, skill: str) -> None:
        one = self._pick(data, "running")
        child = self._new(skill, parent=one.id, parent_step="invoke", parent_occurrence=len(self.runs))
        self._wait(self._owner(one), "invoke", None, child)
        self.runs[child.id] = Modelled(child.id, child.skill, parent=one.id)
        self._give_up(one, "waiting")

    @precondition(lambda self: self._some("running"))
    @rule(data=st.data(), well=st.booleans())
    def end(self, data: st.DataObject, well: bool) -> None:
        one = self._pick(data, "running")
        result = Succeeded(output=one.id) if well else Raised(error=ErrorInfo(type="E", message="no"))
        self._conclude(self._owner(one), result)
        self._ended(one, "succeeded" if well else "failed")

    @precondition(lambda self: self._some("running"))
    @rule(data=st.data())
    def the_worker_dies(self, data: st.DataObject) -> None:
        one = self._pick(data, "running")
        segment, now = self._owner(one), self.clock.now()
        self.store.write(lambda connection: outcome.give_back(connection, segment, now))
        self._give_up(one, "queued")

    @precondition(lambda self: self.runs)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        one = self.runs[data.draw(st.sampled_from(sorted(self.runs)))]
        expected = self._living_below(one)
        told = self.store.write(lambda connection: journal.cancel(connection, one.id, "enough", self.clock.now()))
        assert sorted(told) == sorted(each.id for each in expected)
        for each in expected:
            self._give_up(each, "cancelled")
        if expected:
            self._answer_parent(one)

    @rule(seconds=st.integers(0, 120))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(seconds)
        now = self.clock.now()
        due = [each for each in self._some("waiting") if each.wake_at is not None and each.wake_at <= now]
        woken = self.store.write(lambda connection: journal.wake_due(connection, now))
        assert sorted(woken) == sorted(each.id for each in due)
        for each in due:
            each.state, each.wake_at = "queued", None

    @rule()
    def the_sidecar_starts_again(self) -> None:
        orphans = self._some("running")
        count = self.store.write(lambda connection: journal.give_up_orphans(connection, self.clock.now()))
        assert count == len(orphans)
        for each in orphans:
            self._give_up(each, "queued")

    @precondition(lambda self: any(each.old for each in self.runs.values()))
    @rule(data=st.data(), write=st.sampled_from(["step", "wait", "end", "fail", "suspend", "give back"]))
    def a_zombie_writes(self, data: st.DataObject, write: str) -> None:
        """I8: refused, in the same transaction."""
        one = self.runs[data.draw(st.sampled_from(sorted(each.id for each in self.runs.values() if each.old)))]
        segment = data.draw(st.sampled_from(one.old))
        before = self._stored(one.id)
        with pytest.raises(Fenced):
            self._write_as(segment, write, one)
        assert self._stored(one.id) == before

    # ------------------------------------------------------------ what always holds

    @invariant()
    def the_store_says_what_the_model_says(self) -> None:
        rows = self.store.rows(sa.select(runs.c.id, runs.c.state, runs.c.admitted, runs.c.skill))
        assert {row.id: row.state for row in rows} == {each.id: each.state for each in self.runs.values()}
        held = [row.skill for row in rows if row.admitted and row.state not in FINAL]
        assert all(held.count(skill) <= most for skill, most in SKILLS.items()), "more at once than declared"

    @invariant()
    def a_running_run_has_one_open_attempt_and_others_have_none(self) -> None:
        open_ = [row.run for row in self.store.rows(sa.select(attempts.c.run).where(attempts.c.outcome == "running"))]
        assert sorted(open_) == sorted(each.id for each in self._some("running"))

    @invariant()
    def each_finished_step_is_there_once(self) -> None:
        done = sa.select(steps.c.run, sa.func.count()).where(steps.c.name == "work", steps.c.state == "succeeded")
        found = {run: count for run, count in self.store.rows(done.group_by(steps.c.run))}  # noqa: C416 # rows
        assert found == {each.id: each.steps for each in self.runs.values() if each.steps}

    # ------------------------------------------------------------ the model

    def _some(self, state: str) -> list[Modelled]:
        return [each for each in self.runs.values() if each.state == state]

    def _pick(self, data: st.DataObject, state: str) -> Modelled:
        return self.runs[data.draw(st.sampled_from([each.id for each in self._some(state)]))]

    def _owner(self, one: Modelled) -> Segment:
        assert one.owner is not None
        return one.owner

    def _ready(self, limit: int) -> list[str]:
        ready: list[str] = []
        held = [each.skill for each in self.runs.values() if each.admitted and each.state not in FINAL]
        for each in self._some("queued"):
            has_room = each.admitted or held.count(each.skill) < SKILLS[each.skill]
            if len(ready) < limit and has_room:
                ready.append(each.id)
                held += [] if each.admitted else [each.skill]
        return ready

    def _give_up(self, one: Modelled, state: str) -> None:
        if one.owner is not None:
            one.old.append(one.owner)
        one.owner, one.state = None, state

    def _ended(self, one: Modelled, state: str) -> None:
        self._give_up(one, state)
        self._answer_parent(one)

    def _answer_parent(self, one: Modelled) -> None:
        parent = self.runs.get(one.parent or "")
        if parent is not None and parent.state == "waiting":
            parent.state = "queued"

    def _living_below(self, one: Modelled) -> list[Modelled]:
        if one.state in FINAL:
            return []
        below = [each for each in self.runs.values() if each.parent == one.id]
        return [one, *(each for child in below for each in self._living_below(child))]

    # ------------------------------------------------------------ the store

    def _new(self, skill: str, **more: object) -> NewRun:
        identity = f"run{len(self.runs):03}"
        values = {"skill": skill, "version": "v", "trigger": "call", "concurrency": SKILLS[skill], "id": identity}
        return NewRun(**values, **more)  # type: ignore[arg-type] # the names are NewRun's

    def _created(self, new: NewRun) -> None:
        self.store.write(lambda connection: create(connection, new, self.clock.now()))
        self.runs[new.id] = Modelled(new.id, new.skill)

    def _journal(self, segment: Segment) -> Journal:
        return Journal(self.store, self.clock, segment)

    def _look_again(self, segment: Segment) -> None:
        """As a replay does: a sleep that is over has its answer before anything new happens."""
        one = self._journal(segment)
        for step in list(one._steps.values()):
            if step.kind == "sleep" and step.state == "waiting":
                one.answer(step)

    def _step(self, segment: Segment, number: int) -> None:
        one, key = self._journal(segment), StepKey(name="work", occurrence=number)
        one.begin(Begin(step=key, arguments=number, retry=Retry()))
        one.finish(Finish(step=key, attempt=1, result=number))

    def _wait(self, segment: Segment, kind: str, wake_at: float | None, child: NewRun | None = None) -> None:
        one = self._journal(segment)
        key = StepKey(name=kind, occurrence=len(self.runs) if child else len(one._steps))
        step = one.request(Request(step=key, kind_of_request=kind, arguments={}))  # type: ignore[arg-type] # one of them
        now = self.clock.now()
        one.wait(step, lambda connection: create(connection, child, now) if child else None, wake_at=wake_at)
        self._conclude(segment, Suspended())

    def _conclude(self, segment: Segment, result: Succeeded | Raised | Suspended) -> None:
        now = self.clock.now()
        self.store.write(lambda connection: outcome.conclude(connection, segment, result, MANIFEST, now))

    def _write_as(self, segment: Segment, write: str, one: Modelled) -> None:
        now = self.clock.now()
        match write:
            case "step":
                self._step(segment, one.steps)
            case "wait":
                self._wait(segment, "sleep", now + 1)
            case "end":
                self._conclude(segment, Succeeded(output="late"))
            case "fail":
                self._conclude(segment, Raised(error=ErrorInfo(type="Late", message="late")))
            case "suspend":
                self._conclude(segment, Suspended())
            case _:
                self.store.write(lambda connection: outcome.give_back(connection, segment, now))

    def _stored(self, run: str) -> list[object]:
        here = [(runs, runs.c.id), (attempts, attempts.c.run), (steps, steps.c.run)]
        return [list(self.store.rows(sa.select(table).where(column == run))) for table, column in here]
