from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar.store import Store
from tests.review.history import History


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    with Store(tmp_path / "tend.db") as store:
        yield History(store)
