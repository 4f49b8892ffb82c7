"""Schedules under a clock that goes on, stands still, jumps ahead and back, with restarts and pauses in between: each
slot has one row, and fires once at most."""

from __future__ import annotations

from collections import Counter
from itertools import takewhile
from typing import Literal

import sqlalchemy as sa
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from sidecar.checker.manifest import Cron, Every, Manifest
from sidecar.checker.report import Report, Snapshot
from sidecar.journal.runs import FINAL, end
from sidecar.registry import Origin, Registry
from sidecar.store.schema import runs, slots
from sidecar.triggers.schedule import Schedule
from sidecar.triggers.timetable import ROWS_AT_MOST
from sidecar.triggers.watch import Triggers
from tests.chaos.machines.stage import Emptied

TRIGGERS: dict[str, Cron | Every] = {
    "often": Every(seconds=300.0),
    "daily": Cron(expression="30 2 * * *", zone="Europe/Berlin"),
    "half hourly": Cron(expression="*/30 * * * *", zone="America/New_York"),
}
CATCH_UP: tuple[Literal["skip", "latest", "all"], ...] = ("skip", "latest", "all")
ZONE = "UTC"


class SchedulerMachine(RuleBasedStateMachine):
    def __init__(self, stage: Emptied) -> None:
        super().__init__()
        self.store, self.clock = stage.store, stage.clock
        self.registry = Registry(self.store, self.clock)
        self.triggers = self._new_triggers()
        self.since = self.highest = self.clock.now()

    def _new_triggers(self) -> Triggers:
        return Triggers(self.store, self.registry, self.clock, ZONE, lambda: None)

    @initialize(name=st.sampled_from(sorted(TRIGGERS)), catch_up=st.sampled_from(CATCH_UP))
    def put(self, name: str, catch_up: Literal["skip", "latest", "all"]) -> None:
        self.schedule = Schedule(TRIGGERS[name], ZONE)
        manifest = Manifest(
            name="s", purpose="", takes_input=False, triggers=(TRIGGERS[name],), catch_up=catch_up, concurrency=1_000
        )
        snapshot = Snapshot(entry="skills/s.py", files={"skills/s.py": f"{name} {catch_up}".encode()})
        report = Report(skill="s", hash=snapshot.hash, manifest=manifest)
        self.registry.activate(snapshot, report, Origin("ann", "new"))
        self.triggers.refresh("s")

    @rule(seconds=st.sampled_from([1, 59, 61, 299, 300, 1_800, 3_600, 86_400]))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(seconds)
        self._look()

    @rule(seconds=st.sampled_from([1, 60, 3_600, 90_000]))
    def the_clock_is_put_back(self, seconds: int) -> None:
        self.clock.advance(-seconds)
        self._look()

    @rule()
    def looked_at_twice(self) -> None:
        self._look()

    @rule()
    def a_restart(self) -> None:
        self.triggers = self._new_triggers()
        self.triggers.refresh("s")
        self._look()

    @rule(paused=st.booleans())
    def a_pause(self, paused: bool) -> None:
        if paused:
            self.registry.pause("s", "ann", "a rest")
        else:
            self.registry.resume("s", "ann")

    @rule()
    def its_runs_end(self) -> None:
        now = self.clock.now()
        for row in self.store.rows(sa.select(runs.c.id).where(runs.c.state.not_in(FINAL))):
            self.store.write(lambda connection, run=row.id: end(connection, run, "succeeded", now))  # type: ignore[misc] # bound

    def _look(self) -> None:
        self.triggers.clock_jumped()
        self.triggers.clock_jumped()  # after a jump back the first look forgets, the second judges
        self.highest = max(self.highest, self.clock.now())

    @invariant()
    def no_slot_fires_twice_and_none_early(self) -> None:
        created = Counter(row.trigger for row in self.store.rows(sa.select(runs.c.trigger)))
        rows = self.store.rows(sa.select(slots))
        fired = {f"{row.schedule} at {row.slot}" for row in rows if row.outcome in ("fired", "late")}
        assert created == Counter(fired), "each slot that fired has one run, and each run its slot"
        assert all(row.due_at <= self.highest for row in rows), "a slot has come before its time"

    @invariant()
    def each_slot_that_has_come_has_a_row(self) -> None:
        """But for those of a long absence that share one."""
        due = takewhile(lambda slot: slot.due <= self.clock.now(), self.schedule.after(self.since))
        expected = [slot.civil for slot in due]
        found = {row.slot: row for row in self.store.rows(sa.select(slots))}
        missing = [civil for civil in expected if civil not in found]
        shared = any("earlier ones too" in (row.reason or "") for row in found.values())
        assert not missing or (shared and len(expected) > ROWS_AT_MOST), f"no row: {missing[:5]}"
        assert all(row.reason for row in found.values() if row.outcome != "fired"), "a reason for what did not fire"
