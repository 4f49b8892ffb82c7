"""The power goes at a random moment of a store's work: what it had acknowledged is there, and the file is whole."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from random import Random

import sqlalchemy as sa

from sidecar.store import Store
from sidecar.store.schema import runs, steps
from tests.chaos.power.images import write_image
from tests.chaos.power.recording import Operation, read_recording
from tests.chaos.suite import Suite

IMAGES = 100  # of one recording


class Power(Suite):
    """A case is `3.17`: image 17 of recording 3."""

    name = "power"
    promise = "after a power loss every acknowledged step is there, and the store is whole"
    small = 200
    full = 20_000
    synchronous = "FULL"

    def open(self) -> None:
        self._recorded = "", list[Operation]()
        self._images = self.in_memory()

    def cases(self, count: int) -> Iterable[str]:
        return (f"{number // IMAGES}.{number % IMAGES}" for number in range(count))

    def run(self, case: str) -> None:
        recording, _, _ = case.partition(".")
        operations = self._record(recording)
        chance = Random(f"{self.seed} {case}")
        until = chance.randrange(1, len(operations) + 1)
        image = Path(tempfile.mkdtemp(dir=self._images))
        try:
            write_image(operations, until, image, chance)
            self._hold(image, operations[:until])
        finally:
            shutil.rmtree(image)

    def _record(self, recording: str) -> Sequence[Operation]:
        if self._recorded[0] != recording:
            folder = Path(tempfile.mkdtemp(dir=self._images))
            command = [sys.executable, "-m", "tests.chaos.power.recording", str(folder)]
            root = Path(__file__).parents[3]
            subprocess.run([*command, f"{self.seed} {recording}", self.synchronous], check=True, cwd=root)
            self._recorded = recording, list(read_recording(folder / "operations"))
            shutil.rmtree(folder)
        return self._recorded[1]

    def _hold(self, image: Path, past: Sequence[Operation]) -> None:
        acknowledged = [json.loads(each.acknowledged) for each in past if each.kind == "acknowledged"]
        with Store(image / "tend.db") as store:
            verdict = store.read(lambda connection: connection.exec_driver_sql("PRAGMA integrity_check").scalar())
            assert verdict == "ok", verdict
            found = store.rows(sa.select(steps.c.run, steps.c.occurrence, steps.c.state, steps.c.result))
            results = {(row.run, str(row.occurrence)): row.result for row in found if row.state == "succeeded"}
            states = {row.id: row.state for row in store.rows(sa.select(runs.c.id, runs.c.state))}
        for each in acknowledged:
            if "step" in each:
                assert results.get((each["run"], each["step"])) == each["result"], f"lost: {each['run']} {each['step']}"
                self.figures["acknowledged steps looked for"] += 1
        _hold_states(acknowledged, states)


def _hold_states(acknowledged: Sequence[dict[str, str]], states: dict[str, str]) -> None:
    """The state of each run is the last one acknowledged, or what it was about to become."""
    order = ["queued", "running", "succeeded"]
    last = {each["run"]: each["state"] for each in acknowledged if "state" in each}
    for run, state in last.items():
        assert run in states, f"{run} is lost"
        assert 0 <= order.index(states[run]) - order.index(state) <= 1, f"{run} was {state} and is {states[run]}"
