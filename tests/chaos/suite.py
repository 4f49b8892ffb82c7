"""What a suite is, and how one is gone through: case by case, each violation with the command that repeats it."""

from __future__ import annotations

import shlex
import time
import traceback
from abc import ABC, abstractmethod
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import ClassVar, Self

VIOLATIONS_AT_MOST = 10  # then the suite gives up
SHARED_MEMORY = Path("/dev/shm")


class Suite(ABC):
    """Its cases, and what happens in one. A case's name, with the seed, says all that is needed to repeat it."""

    name: ClassVar[str]
    promise: ClassVar[str]
    small: ClassVar[int]  # cases in CI; 0: it is run by command alone
    full: ClassVar[int]

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.seed = seed
        self.figures: Counter[str] = Counter()
        self.times: defaultdict[str, list[float]] = defaultdict(list)  # seconds
        self.opened = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            self.opened = opened
            self.open()
            self.opened = opened.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.opened.__exit__(kind, error, trace)

    def open(self) -> None:  # noqa: B027 # most have something to open, not all
        """Start what all cases share; `self.opened` closes it."""

    def in_memory(self) -> Path:
        """A folder for what is written by the thousand and needs no real disk."""
        where = SHARED_MEMORY if SHARED_MEMORY.is_dir() else self.folder
        return Path(self.opened.enter_context(TemporaryDirectory(prefix=f"tend-{self.name}-", dir=where)))

    def cases(self, count: int) -> Iterable[str]:
        """The first `count` of this seed, the same each time: so a large size can be gone through in parts."""
        return (str(number) for number in range(count))

    @abstractmethod
    def run(self, case: str) -> None:
        """Raises where the promise is broken."""


@dataclass
class Report:
    suite: type[Suite]
    seed: int
    first: int | None = None  # by number among those of this seed; None: one that was named
    cases: int = 0
    seconds: float = 0.0
    figures: Counter[str] = field(default_factory=Counter)
    times: dict[str, list[float]] = field(default_factory=dict)
    violations: dict[str, str] = field(default_factory=dict)  # case → what was wrong

    def __str__(self) -> str:
        figures = "".join(f", {name} {number:,}" for name, number in sorted(self.figures.items()))
        head = (
            f"{self.suite.name}: {len(self.violations)} violations in {self.cases:,} cases{self._range()} "
            f"(seed {self.seed}, {self.seconds:.0f} s{figures})"
        )
        return "\n".join([head, *self._timed(), *self._told()])

    @property
    def so_far(self) -> str:
        return f"{self.suite.name}: {self.cases:,} cases, {len(self.violations)} violations, {self.seconds:.0f} s"

    def _range(self) -> str:
        return "" if self.first is None else f", {self.first:,} to {self.first + self.cases - 1:,}"

    def _timed(self) -> Iterator[str]:
        for name, times in sorted(self.times.items()):
            yield f"  {name}: median {median(times):.1f} s, worst {max(times):.1f} s, of {len(times)}"

    def _told(self) -> Iterator[str]:
        for case, wrong in self.violations.items():
            again = f"python -m tests.chaos {self.suite.name} --seed {self.seed} --case {shlex.quote(case)}"
            yield f"\n── {case}\n{wrong}\nAgain: {again}"


def go_through(
    suite: type[Suite],
    folder: Path,
    *,
    seed: int,
    count: int = 0,
    first: int = 0,
    case: str | None = None,
    seconds: float = float("inf"),
    tell: Callable[[Report], None] = lambda report: None,
) -> Report:
    """Run `count` cases from the `first` on, or the one that is named; begin none after `seconds`, or a Ctrl-C, which
    ends the one under way uncounted. After each, `tell` how far that is."""
    report = Report(suite, seed, first if case is None else None)
    started = time.monotonic()
    try:
        with suite(folder, seed) as opened, suppress(KeyboardInterrupt):
            report.figures, report.times = opened.figures, opened.times
            for each in [case] if case is not None else islice(opened.cases(first + count), first, None):
                if time.monotonic() - started > seconds or len(report.violations) == VIOLATIONS_AT_MOST:
                    break
                if wrong := _wrong_with(opened, each):
                    report.violations[each] = wrong
                report.cases += 1
                report.seconds = time.monotonic() - started
                tell(report)
    except Exception as error:
        error.add_note(f"So much was known when it could not be opened or closed:\n{report}")
        raise
    return report


def _wrong_with(suite: Suite, case: str) -> str | None:
    """Whatever a case raises breaks its promise, and is shown."""
    try:
        suite.run(case)
    except Exception:  # noqa: BLE001
        return traceback.format_exc()
    return None
