"""The registry in any order of good and bad files, pauses, deletions and restarts: the last good version stays."""

from __future__ import annotations

import sqlalchemy as sa
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from sidecar.checker.manifest import Manifest
from sidecar.checker.report import Problem, Report, Snapshot
from sidecar.registry import Origin, Registry
from sidecar.store.schema import audit, versions
from tests.chaos.machines.stage import Emptied

NAMES = st.sampled_from(["a", "b"])
TEXTS = st.integers(0, 4)
PROBLEM = Problem(stage="types", file="skills/a.py", line=1, column=1, reason="no", fix="", source="")


class RegistryMachine(RuleBasedStateMachine):
    def __init__(self, stage: Emptied) -> None:
        super().__init__()
        self.store, self.clock = stage.store, stage.clock
        self.registry = Registry(stage.store, stage.clock)
        self.active: dict[str, str] = {}  # skill → hash
        self.known: dict[str, Snapshot] = {}  # every version that ever was
        self.paused: set[str] = set()
        self.decisions = 0

    @rule(name=NAMES, text=TEXTS)
    def a_good_file(self, name: str, text: int) -> None:
        snapshot = _snapshot(name, text)
        manifest = Manifest(name=name, purpose=f"{text}", takes_input=False)
        report = Report(skill=name, hash=snapshot.hash, manifest=manifest)
        self.registry.activate(snapshot, report, Origin("ann", "better"))
        self.active[name] = snapshot.hash
        self.known[snapshot.hash] = snapshot
        self.decisions += 1

    @rule(name=NAMES, text=TEXTS)
    def a_bad_file(self, name: str, text: int) -> None:
        snapshot = _snapshot(name, text + 100)
        self.registry.refuse(
            snapshot, Report(skill=name, hash=snapshot.hash, problems=(PROBLEM,)), Origin("ann", "worse")
        )
        self.known[snapshot.hash] = snapshot

    @rule(name=NAMES)
    def an_unreadable_file(self, name: str) -> None:
        self.registry.refuse_unreadable(name, Report(skill=name, hash="", problems=(PROBLEM,)))

    @precondition(lambda self: self.active)
    @rule(data=st.data())
    def a_deleted_file(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.active)))
        self.registry.retire(name, "ann", "enough")
        del self.active[name]
        self.decisions += 1

    @precondition(lambda self: self.active)
    @rule(data=st.data(), paused=st.booleans())
    def a_pause(self, data: st.DataObject, paused: bool) -> None:
        name = data.draw(st.sampled_from(sorted(self.active)))
        if paused:
            self.registry.pause(name, "ann", "a rest")
            self.paused.add(name)
        else:
            self.registry.resume(name, "ann")
            self.paused.discard(name)
        self.decisions += 1

    @rule()
    def a_restart(self) -> None:
        self.registry = Registry(self.store, self.clock)

    @invariant()
    def what_is_active_is_the_last_good_version(self) -> None:
        assert {each.skill: each.version for each in self.registry.all_active()} == self.active
        assert {each.skill for each in self.registry.all_active() if each.paused} == self.paused & self.active.keys()
        rows = self.store.rows(sa.select(versions.c.skill, versions.c.hash).where(versions.c.state == "active"))
        assert {row.skill: row.hash for row in rows} == self.active
        assert len(rows) == len(self.active)

    @invariant()
    def every_version_keeps_its_bytes(self) -> None:
        for digest, snapshot in self.known.items():
            assert self.registry.files(digest) == dict(snapshot.files)

    @invariant()
    def every_decision_is_on_record(self) -> None:
        (row,) = self.store.rows(sa.select(sa.func.count()).select_from(audit))
        assert row[0] == self.decisions


def _snapshot(name: str, text: int) -> Snapshot:
    return Snapshot(entry=f"skills/{name}.py", files={f"skills/{name}.py": f"{name} {text}".encode()})
