"""`python -m tests.chaos.power.recording FOLDER SEED [SYNCHRONOUS]`: a store at work over `FOLDER/tend.db`, with each
write and sync that it asks of the disk in `FOLDER/operations`, and in their midst what it has acknowledged.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import IO, Literal

from sidecar.clock import ManualClock
from sidecar.journal import runs as journal
from sidecar.journal.admission import NewRun, create
from sidecar.journal.runs import Segment
from sidecar.journal.steps import Journal
from sidecar.store import Store
from skills.wire import Again, Begin, ErrorInfo, Fail, Finish, Retry, StepKey
from tests.support.sqlite_disk import SqliteDisk

RUNS = 6
STEPS = 12
CHECKPOINT_EVERY = 60  # pages; SQLite's own 1,000 would give one checkpoint where this gives dozens


@dataclass(frozen=True)
class Operation:
    """`acknowledged` is what the caller was told: {"step": …, "result": …} or {"run": …, "state": …}."""

    kind: Literal["write", "sync", "truncate", "delete", "acknowledged"]
    file: str = ""
    offset: int = 0
    content: bytes = b""
    acknowledged: str = ""


class Recorder:
    """A `Watcher` that lets everything pass."""

    def __init__(self, out: IO[str]) -> None:
        self._out = out

    def writes(self, file: Path, offset: int, content: bytes) -> None:
        self._say("write", file.name, offset, content.hex())

    def syncs(self, file: Path) -> None:
        self._say("sync", file.name)

    def truncates(self, file: Path, size: int) -> None:
        self._say("truncate", file.name, size)

    def deletes(self, file: Path) -> None:
        self._say("delete", file.name)

    def acknowledged(self, what: dict[str, str]) -> None:
        self._say("acknowledged", "", 0, "", json.dumps(what))

    def _say(self, kind: str, file: str, offset: int = 0, content: str = "", acknowledged: str = "") -> None:
        self._out.write(json.dumps([kind, file, offset, content, acknowledged]) + "\n")


def read_recording(path: Path) -> Iterator[Operation]:
    for line in path.read_text().splitlines():
        kind, file, offset, content, acknowledged = json.loads(line)
        yield Operation(kind, file, offset, bytes.fromhex(content), acknowledged)


class Work:
    """Runs with steps that succeed, fail and are tried again, each change acknowledged once it is on disk."""

    def __init__(self, store: Store, recorder: Recorder, chance: Random) -> None:
        self._store = store
        self._recorder = recorder
        self._chance = chance
        self._clock = ManualClock(datetime(2026, 11, 26, tzinfo=UTC))

    def do(self) -> None:
        segments = [self._begin(f"run{number}") for number in range(RUNS)]
        journals = [Journal(self._store, self._clock, segment) for segment in segments]
        for number in range(STEPS):
            for one in journals:
                self._step(one, StepKey(name="work", occurrence=number))
        for segment in segments:
            self._end(segment)

    def _begin(self, run: str) -> Segment:
        new = NewRun(skill=run, version="v", trigger="call", id=run)
        self._store.write(lambda connection: create(connection, new, self._clock.now()))
        self._acknowledge(run=run, state="queued")
        (segment,) = self._store.write(lambda connection: journal.claim(connection, 1, self._clock.now()))
        self._acknowledge(run=run, state="running")
        return segment

    def _step(self, one: Journal, key: StepKey) -> None:
        one.begin(Begin(step=key, arguments={}, retry=Retry(attempts=3, backoff=0.0)))
        if self._chance.random() < 0.2:
            error = ErrorInfo(type="E", message="again")
            assert isinstance(one.fail(Fail(step=key, attempt=1, error=error)), Again)
        result = self._chance.randbytes(self._chance.choice([20, 200, 2_000, 8_000])).hex()
        one.finish(Finish(step=key, attempt=1, result=result))
        self._acknowledge(run=one.segment.run, step=str(key.occurrence), result=result)

    def _end(self, segment: Segment) -> None:
        def change(connection: object) -> None:
            journal.end_attempt(connection, segment, "succeeded", self._clock.now())  # type: ignore[arg-type] # the store's
            journal.end(connection, segment.run, "succeeded", self._clock.now(), output="done")  # type: ignore[arg-type]

        self._store.write(change)
        self._acknowledge(run=segment.run, state="succeeded")

    def _acknowledge(self, **what: str) -> None:
        self._recorder.acknowledged(what)


def main(folder: Path, seed: str, synchronous: str = "FULL") -> None:
    with (folder / "operations").open("w") as out:
        recorder = Recorder(out)
        disk = SqliteDisk(recorder)
        with Store(folder / "tend.db") as store:
            store._writer.exec_driver_sql(f"PRAGMA wal_autocheckpoint={CHECKPOINT_EVERY}")
            if synchronous != "FULL":
                store._writer.exec_driver_sql(f"PRAGMA synchronous={synchronous}")
            Work(store, recorder, Random(seed)).do()
        del disk


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
