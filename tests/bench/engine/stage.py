"""What every measurement is given: a folder, a database, its size; and the sidecars that it starts there."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sidecar import failpoints
from sidecar.client import views
from sidecar.client.views import FINAL
from tests.bench.engine.database import Database
from tests.support.live_sidecar import LiveSidecar
from tests.support.waiting import wait_until

PATIENCE = 600.0  # seconds
ASK_EVERY = 0.05  # seconds
LIVE: tuple[views.RunState, ...] = ("queued", "running", "waiting")


@dataclass(frozen=True)
class Stage:
    database: Database
    quick: bool

    def size(self, full: int, quick: int) -> int:
        return quick if self.quick else full

    @contextmanager
    def folder(self) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="tend-bench-") as folder:
            yield Path(folder)

    def sidecar_in(self, folder: Path, **settings: str) -> LiveSidecar:
        """One that is not started yet, and that no test can strike."""
        sidecar = LiveSidecar(folder, **self.database.settings(), **settings)
        del sidecar.environment[failpoints.VARIABLE]
        return sidecar

    @contextmanager
    def sidecar(self, **settings: str) -> Iterator[LiveSidecar]:
        """A fresh one, in a fresh folder."""
        with self.folder() as folder, self.sidecar_in(folder, **settings) as sidecar:
            yield sidecar


def tell(text: str) -> None:
    """Progress; the figures alone go to stdout."""
    print(text, file=sys.stderr, flush=True)


def succeeded(sidecar: LiveSidecar, run: str) -> views.RunDetail:
    """The newest run, when it has ended. Asked for seldom, and for little: each answer takes the sidecar's time."""
    deadline = time.monotonic() + PATIENCE
    while sidecar.client.runs(limit=1)[0].state not in FINAL:
        if time.monotonic() > deadline:
            raise TimeoutError(f"run {run} has not ended within {PATIENCE:g} s")
        time.sleep(ASK_EVERY)
    detail = sidecar.client.run(run)
    if detail.run.state != "succeeded":
        raise AssertionError(f"run {run} is {detail.run.state}: {detail.run.error}")
    return detail


def call_all(sidecar: LiveSidecar, skill: str, count: int) -> None:
    """Start `count` runs, as fast as one client can ask for them."""
    for _ in range(count):
        sidecar.client.run_skill(skill)


def wait_for_all(sidecar: LiveSidecar, skill: str, count: int) -> list[views.Run]:
    """The `count` newest runs of the skill, all of them called, when none is under way. Asked for little until then:
    each answer takes the sidecar's time."""

    def are_over() -> bool:
        return not any(sidecar.client.runs(skill=skill, state=state, limit=1) for state in LIVE)

    wait_until(are_over, f"{count} runs of {skill} end", within=PATIENCE)
    found = sidecar.client.runs(skill=skill, limit=count)
    if len(found) < count:
        raise AssertionError(f"there are {len(found)} runs of {skill}, and not {count}")
    if bad := [run for run in found if run.state != "succeeded"]:
        raise AssertionError(f"{len(bad)} runs did not succeed; the first: {bad[0].error}")
    return found
