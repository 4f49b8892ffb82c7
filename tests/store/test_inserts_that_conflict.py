"""Whether a row is new is known in both databases; PostgreSQL's driver counts no rows of an INSERT."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sidecar.grants import grant
from sidecar.journal.stops import put_stop
from sidecar.notices.alerts import raise_alert
from sidecar.notices.tell import alert
from sidecar.store import Store
from sidecar.store.schema import audit
from tests.support.postgresql import new_database


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_first_time_is_new_and_the_second_is_not(tmp_path: Path, kind: str) -> None:
    def twice(connection: Connection) -> list[bool]:
        for _ in range(2):
            grant(connection, "x", "TOKEN", "example.com", "person", 1.0)
        wrong = alert("silent", skill="x", text="nothing to report")
        stopped = [put_stop(connection, "x", "person", "", 1.0) for _ in range(2)]
        return [*stopped, *(raise_alert(connection, "x", wrong, 1.0) for _ in range(2))]

    with Store(tmp_path / "tend.db" if kind == "sqlite" else new_database()) as store:
        assert store.write(twice) == [True, False, True, False]
        assert [row.what for row in store.rows(sa.select(audit.c.what))] == ["grant secret"]
