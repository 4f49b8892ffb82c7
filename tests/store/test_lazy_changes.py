"""What the one writer does with the changes that it is given."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.engine import Connection

from sidecar.store import Store


def test_a_change_that_nobody_waits_for_and_that_fails_is_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_connection: Connection) -> None:
        raise ValueError("there is no such thing")

    with Store(tmp_path / "tend.db") as store:
        store.write_lazily(fail)

    assert "there is no such thing" in caplog.text
