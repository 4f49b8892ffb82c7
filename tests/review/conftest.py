from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar.store import Store
from tests.review.history import History
from tests.support.postgresql import database


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    with Store(database(tmp_path)) as store:
        yield History(store)
