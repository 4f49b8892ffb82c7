from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hosts.fleet import Fleet
from tests.hosts.silent import Silent


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with Fleet(tmp_path) as hosts:
        yield hosts


@pytest.fixture
def silent() -> Iterator[Silent]:
    model = Silent()
    with model.server:
        yield model
