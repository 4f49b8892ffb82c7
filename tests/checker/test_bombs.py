"""Text that is made to break a parser costs its own check, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.checker.gather import LARGEST_FILE
from sidecar.checker.limited import Limits
from sidecar.checker.process import CheckerProcess
from sidecar.checker.report import Snapshot
from tests.support.library import give_library

SECONDS = 3


def repeated(piece: str, end: str = "") -> str:
    return piece * ((LARGEST_FILE - len(end)) // len(piece)) + end


BOMBS = {
    "f-string": repeated("{a}").join(['f"', '"']),
    "attributes": repeated(".a").join(["a", ""]),
    "brackets": "(" * 5000 + ")" * 5000,
    "calls": repeated("()").join(["a", ""]),
    "comparisons": repeated("1<", "1"),
    "deep blocks": "\n".join(" " * depth + "if 1:" for depth in range(99)) + "\n" + " " * 99 + "pass",
    "empty lists": repeated("[],"),
    "long sum": repeated("1+", "1"),
    "minus": repeated("-", "1"),
    "null bytes": repeated("\0"),
    "nots": repeated("not ", "1"),
    "statements": repeated("1;"),
    "many classes": repeated("class A(A): pass\n"),
    "huge number": "x = " + "9" * 200_000,
    "huge power": "X = " + "9**" * 50 + "9",
    "surrogates": "x = '\\ud800'",
    "types": "from typing import Union\n" + "\n".join(f"A{n} = Union[A{n - 1 if n else ''}, int]" for n in range(3000)),
    "tuples": "\n".join(["a = (1,)", *("a = (a, a)" for _ in range(60)), "def f() -> None: reveal_type(a)"]),
}


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> CheckerProcess:
    limits = Limits(cpu_seconds=SECONDS, wall_seconds=SECONDS)
    return CheckerProcess(give_library(tmp_path_factory.mktemp("limited")), limits=limits)


@pytest.mark.timeout(20 * SECONDS)
@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_is_a_report_in_bounded_time(limited: CheckerProcess, bomb: str) -> None:
    content = BOMBS[bomb].encode()[:LARGEST_FILE]
    report = limited.check(Snapshot("skills/price.py", {"skills/price.py": content}))
    assert not report.passed
    assert 0 < len(report.problems) <= 50
    assert all(len(problem.source) <= 200 for problem in report.problems)


def test_bytes_that_are_no_text_are_a_report(limited: CheckerProcess, tmp_path: Path) -> None:
    [problem] = limited.check(Snapshot("skills/price.py", {"skills/price.py": b"x = '\xff'"})).problems
    assert problem.reason == "the file is not UTF-8"
