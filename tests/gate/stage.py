"""A gate over a real store, with a checker that a test tells what to say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sidecar.checker.manifest import Irreversible, Manifest
from sidecar.checker.report import Report, Snapshot
from sidecar.clock import SystemClock
from sidecar.gate import Gate
from sidecar.moments import Moments
from sidecar.registry import Registry
from sidecar.store import Store
from sidecar.store.schema import approvals, versions
from tests.support.postgresql import database


def passes(snapshot: Snapshot) -> Report:
    """What says that it sends does what can't be undone."""
    sends = any(b"sends" in content for content in snapshot.files.values())
    undone = (Irreversible(step="send", does="sends"),) if sends else ()
    manifest = Manifest(name=snapshot.skill, purpose="", takes_input=False, irreversible=undone)
    return Report(skill=snapshot.skill, hash=snapshot.hash, manifest=manifest)


class Told:
    """Says what `says` does, and counts."""

    def __init__(self) -> None:
        self.says: Callable[[Snapshot], Report] = passes
        self.checked = 0

    def check(self, snapshot: Snapshot) -> Report:
        self.checked += 1
        return self.says(snapshot)


@dataclass
class Stage:
    workspace: Path
    store: Store
    registry: Registry
    checker: Told
    gate: Gate
    moments: Moments

    def save(self, path: str, text: str) -> Path:
        file = self.workspace / path
        file.write_text(text)
        return file

    def answer(self, skill: str, state: str) -> None:
        """To what is asked about the skill's version, as a person does."""

        def change(connection: Any) -> None:
            asked = (approvals.c.skill == skill, approvals.c.state == "open")
            connection.execute(
                approvals.update().where(*asked).values(state=state, answered_by="person", answered_at=1.0)
            )
            waits = (versions.c.skill == skill, versions.c.state == "waiting")
            connection.execute(versions.update().where(*waits).values(state="refused"))

        self.store.write(change)


@contextmanager
def staged(workspace: Path) -> Iterator[Stage]:
    for folder in ("skills", "lib"):
        (workspace / folder).mkdir()
    with closing(Moments()) as moments, Store(database(workspace)) as store:
        registry, checker = Registry(store, SystemClock()), Told()
        gate = Gate(workspace, store, registry, checker, moments, lambda _: None)
        try:
            yield Stage(workspace, store, registry, checker, gate, moments)
        finally:
            gate.stop()
