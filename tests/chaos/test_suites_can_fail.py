"""A suite that finds nothing says something only if it would find what is wrong."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.chaos.budget.suite import Budget
from tests.chaos.order import assert_never_back
from tests.chaos.power.suite import Power
from tests.chaos.suite import Suite, go_through
from tests.support.live_sidecar import LiveSidecar
from tests.support.sink import Received


class NotSynchronous(Power):
    """The store as it would be with SQLite's `synchronous=NORMAL`."""

    synchronous = "NORMAL"


def test_power_finds_commits_that_were_not_synced(tmp_path: Path) -> None:
    report = go_through(NotSynchronous, tmp_path, seed=1, count=30)
    assert any("lost" in wrong for wrong in report.violations.values())


class NothingReserved(Budget):
    """A model call as it would be if what it costs were counted only afterwards."""

    def start(self, settings: dict[str, str]) -> list[LiveSidecar]:
        return super().start(settings | {"chaos_broken": "sidecar.budget.budget.at_most"})


@pytest.mark.timeout(600)
def test_budget_finds_calls_that_were_not_reserved(tmp_path: Path) -> None:
    (wrong,) = go_through(NothingReserved, tmp_path, seed=1, first=1, count=1).violations.values()
    assert "was served" in wrong or "is on the books, of $0.50" in wrong, wrong


def asked_for(*paths: str) -> list[Received]:
    return [Received("POST", path, key="", body="") for path in paths]


def test_a_step_that_runs_again_after_the_next_one_is_found() -> None:
    assert_never_back(asked_for("/a/0", "/b/1", "/a/0", "/b/2", "/a/1"), "a", int)
    with pytest.raises(AssertionError, match="/a/0 came after /a/1"):
        assert_never_back(asked_for("/a/0", "/a/1", "/a/0"), "a", int)


class Letters(Suite):
    """Of which `c` is broken."""

    name = "letters"
    promise = "none"

    def cases(self, count: int) -> Iterable[str]:
        return "abcdef"[:count]

    def run(self, case: str) -> None:
        assert case != "c"


def test_a_large_size_is_gone_through_in_parts_and_each_says_which(tmp_path: Path) -> None:
    first, second, rest = (go_through(Letters, tmp_path, seed=1, first=n, count=2) for n in (0, 2, 4))
    assert [str(part).splitlines()[0].partition(" (")[0] for part in (first, second, rest)] == [
        "letters: 0 violations in 2 cases, 0 to 1",
        "letters: 1 violations in 2 cases, 2 to 3",
        "letters: 0 violations in 2 cases, 4 to 5",
    ]
    assert "Again: python -m tests.chaos letters --seed 1 --case c" in str(second)
    assert go_through(Letters, tmp_path, seed=1, case="c").violations.keys() == {"c"}


class NotClosed(Letters):
    def open(self) -> None:
        self.opened.callback(lambda: 1 / 0)


def test_a_suite_that_cannot_be_closed_says_what_it_has_found(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError) as raised:
        go_through(NotClosed, tmp_path, seed=1, count=6)
    (note,) = raised.value.__notes__
    assert "letters: 1 violations in 6 cases" in note
    assert "python -m tests.chaos letters --seed 1 --case c" in note
