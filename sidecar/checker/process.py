"""The checker, as the sidecar calls it: one snapshot in, one report about exactly its bytes out."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sidecar.checker.limited import Limits
from sidecar.checker.reader import Reader, ThrowawayReader
from sidecar.checker.report import Problem, Report, Snapshot, TypeChecker
from sidecar.checker.types import BatchMypy

MOST_PROBLEMS = 50  # in one report; an author mends the first ones first


class CheckerProcess:
    """Checks snapshots in throwaway processes, from several threads if you like. Nothing of a skill is ever executed.

    `cache_dir` is a folder that belongs to the checker alone. A process that crashes, takes too long or needs too much
    gives a report with a problem that says so.
    """

    def __init__(
        self,
        cache_dir: Path,
        *,
        limits: Limits | None = None,
        reader: Reader | None = None,
        types: TypeChecker | None = None,
    ) -> None:
        cache_dir.mkdir(parents=True, exist_ok=True)
        self._reader = reader or ThrowawayReader(limits)
        self._types = types or BatchMypy(cache_dir, limits)

    def check(self, snapshot: Snapshot) -> Report:
        """All problems of all stages that could run. A file that does not parse has no others."""
        started = time.perf_counter()
        with ThreadPoolExecutor(1, "type-check") as pool:
            typing = pool.submit(self._types.check, snapshot)
            reading = self._reader.read(snapshot)
            type_problems = typing.result()
        unparsed = any(problem.stage in ("parse", "check") for problem in reading.problems)
        problems = list(reading.problems) if unparsed else _merge(reading.problems, type_problems)
        return Report(
            skill=snapshot.skill,
            hash=snapshot.hash,
            problems=tuple(problems[:MOST_PROBLEMS]),
            manifest=None if problems else reading.manifest,
            seconds=time.perf_counter() - started,
        )


def _merge(source: tuple[Problem, ...], types: list[Problem]) -> list[Problem]:
    """In the order in which an author reads the file, a mistake that two stages saw only once.

    The manifest and the body rule know what a skill is for, so on one line their words go before mypy's.
    """
    said = {(problem.file, problem.line) for problem in source}
    rest = [problem for problem in types if (problem.file, problem.line) not in said]
    return sorted((*source, *rest), key=lambda problem: (problem.file, problem.line, problem.column))
