"""Every suite in its small size, with the same seed each time: what is red is then this change's. Other seeds are for
`python -m tests.chaos NAME`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.chaos.suite import Suite, go_through
from tests.chaos.suites import SUITES
from tests.conftest import FIGURES

SEED = 1


@pytest.mark.timeout(600)
@pytest.mark.parametrize("suite", [suite for suite in SUITES if suite.small], ids=lambda suite: suite.name)
def test_what_is_promised_holds(suite: type[Suite], tmp_path: Path, record_property: Callable[..., None]) -> None:
    report = go_through(suite, tmp_path, seed=SEED, count=suite.small)
    record_property(FIGURES, str(report))
    assert not report.violations
