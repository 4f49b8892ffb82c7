"""The triggers over a real store, with a clock that tests move, and without workers: runs end when a test says so."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import sqlalchemy as sa

from sidecar.checker.manifest import Manifest, Trigger
from sidecar.checker.report import Report, Snapshot
from sidecar.clock import ManualClock
from sidecar.journal.runs import FINAL, end
from sidecar.registry import Origin, Registry
from sidecar.store import Row, Store
from sidecar.store.schema import runs, slots
from sidecar.triggers.watch import Triggers
from tests.support.postgresql import database


class Stage:
    def __init__(self, folder: Path, start: datetime, *, clock: type[ManualClock] = ManualClock) -> None:
        self.clock = clock(start)
        self.store = Store(database(folder))
        self.registry = Registry(self.store, self.clock)
        self.triggers = Triggers(self.store, self.registry, self.clock, "UTC", lambda: None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.store.close()

    def put(self, name: str, trigger: Trigger, *, catch_up: Literal["skip", "latest", "all"] = "latest") -> None:
        """An active skill with this trigger; its schedule counts from now."""
        self.activate(name, trigger, catch_up=catch_up)
        self.triggers.refresh(name)

    def activate(self, name: str, trigger: Trigger, *, catch_up: Literal["skip", "latest", "all"] = "latest") -> None:
        """The same, of which the triggers have yet to hear."""
        manifest = Manifest(name=name, purpose="", takes_input=False, triggers=(trigger,), catch_up=catch_up)
        content = f"{name} {trigger} {catch_up}".encode()
        snapshot = Snapshot(entry=f"skills/{name}.py", files={f"skills/{name}.py": content})
        report = Report(skill=name, hash=snapshot.hash, manifest=manifest)
        self.registry.activate(snapshot, report, Origin(author="test", reason=sha256(content).hexdigest()))

    def look(self) -> None:
        """As the timers do when they wake us."""
        self.triggers.clock_jumped()

    def end_runs(self) -> None:
        wanted = sa.select(runs.c.id).where(runs.c.state.not_in(FINAL))
        for row in self.store.rows(wanted):
            self.store.write(lambda connection, run=row.id: end(connection, run, "succeeded", self.clock.now()))  # type: ignore[misc] # the default binds it

    def slots(self, name: str) -> list[Row]:
        return list(self.store.rows(sa.select(slots).where(slots.c.skill == name).order_by(slots.c.due_at)))

    def runs(self, name: str) -> list[Row]:
        return list(self.store.rows(sa.select(runs).where(runs.c.skill == name).order_by(runs.c.seq)))
