"""A suite that finds nothing says something only if it would find what is wrong."""

from __future__ import annotations

from pathlib import Path

from tests.chaos.power.suite import Power
from tests.chaos.suite import go_through


class NotSynchronous(Power):
    """The store as it would be with SQLite's `synchronous=NORMAL`."""

    synchronous = "NORMAL"


def test_power_finds_commits_that_were_not_synced(tmp_path: Path) -> None:
    report = go_through(NotSynchronous, tmp_path, seed=1, count=30)
    assert any("lost" in wrong for wrong in report.violations.values())
