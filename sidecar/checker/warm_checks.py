"""Both halves of a check, asked of a zygote that is kept ready; and how it is known to be right."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from sidecar.checker.canaries import BAD, BAD_LINES, GOOD
from sidecar.checker.exchange import decode_reading, encode_snapshot
from sidecar.checker.forks import NoAnswer
from sidecar.checker.limited import Finished, Limits
from sidecar.checker.mypy_call import lay_out
from sidecar.checker.read_source import Reading
from sidecar.checker.reader import Reader, ThrowawayReader
from sidecar.checker.report import Problem, Snapshot
from sidecar.checker.types import BatchMypy
from sidecar.checker.warm import Patience, Warm


class Distrusted(Exception):
    """A zygote gave a wrong verdict on a canary."""


class Asked(Protocol):
    """A zygote, or what keeps one ready."""

    def ask(self, kind: str, text: str) -> str: ...


class WarmChecks:
    """A reader and a type check whose verdicts are those of the throwaway processes, in a tenth of their time.

    `start` returns at once; until the zygote is ready, and whenever it gives no answer, the throwaway processes are
    used. `folder` is the checker's.
    """

    def __init__(self, folder: Path, *, limits: Limits | None = None, patience: Patience | None = None) -> None:
        batch = BatchMypy(folder, limits)
        self.warm = Warm(batch.folder, batch.library, lambda zygote: prove(zygote, batch), patience)
        self.reader: Reader = _WarmReader(self.warm, ThrowawayReader(limits))
        self.types = WarmMypy(self.warm, batch)

    def start(self) -> None:
        self.warm.start()

    def close(self) -> None:
        self.warm.close()


class WarmMypy:
    """A `TypeChecker`."""

    def __init__(self, warm: Asked, batch: BatchMypy) -> None:
        self._warm = warm
        self._batch = batch

    def check(self, snapshot: Snapshot) -> list[Problem]:
        try:
            return self.ask(snapshot)
        except NoAnswer:
            return self._batch.check(snapshot)

    def ask(self, snapshot: Snapshot) -> list[Problem]:
        """The zygote's verdict. Raises NoAnswer where it has none."""
        return _types(self._warm, self._batch, snapshot)


class _WarmReader:
    def __init__(self, warm: Asked, cold: Reader) -> None:
        self._warm = warm
        self._cold = cold

    def read(self, snapshot: Snapshot) -> Reading:
        try:
            return _reading(self._warm, snapshot)
        except NoAnswer:
            return self._cold.read(snapshot)


def _types(asked: Asked, batch: BatchMypy, snapshot: Snapshot) -> list[Problem]:
    with TemporaryDirectory(prefix="check-", dir=batch.folder) as scratch:
        files = lay_out(snapshot, Path(scratch))
        answer = json.loads(asked.ask("types", json.dumps({"folder": scratch, "files": files})))
    return batch.words.problems(snapshot, Finished(answer["status"], answer["output"], ""))


def _reading(asked: Asked, snapshot: Snapshot) -> Reading:
    return decode_reading(asked.ask("read", encode_snapshot(snapshot)))


def prove(zygote: Asked, batch: BatchMypy) -> None:
    """Raises Distrusted where the zygote is wrong about a skill whose verdict is known."""
    if problems := _types(zygote, batch, GOOD):
        raise Distrusted(f"the canary is good, but the zygote finds: {problems[0].reason}")
    found = {(problem.file, problem.line) for problem in _types(zygote, batch, BAD)}
    if found != BAD_LINES:
        raise Distrusted(f"the bad canary has mistakes at {sorted(BAD_LINES)}; the zygote finds {sorted(found)}")
    reading = _reading(zygote, GOOD)
    if reading.manifest is None or reading.problems:
        raise Distrusted(f"the canary is good, but the zygote reads it as {reading}")
