"""Every suite in its small size, with the same seed each time: what is red is then this change's. Other seeds are for
`python -m tests.chaos NAME`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.suite import Suite, go_through
from tests.chaos.suites import SUITES

SEED = 1


@pytest.mark.timeout(600)
@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name)
def test_what_is_promised_holds(suite: type[Suite], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = go_through(suite, tmp_path, seed=SEED, count=suite.small)
    with capsys.disabled():
        print(f"\n{report}")
    assert not report.violations
