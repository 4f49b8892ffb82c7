"""I20: a row of the audit is neither changed nor deleted, whoever asks, in both databases."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from sidecar.registry import record_audit
from sidecar.store import Store
from sidecar.store.schema import audit
from tests.support.postgresql import new_database


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_database_refuses_to_change_or_delete_a_decision(tmp_path: Path, kind: str) -> None:
    with Store(tmp_path / "tend.db" if kind == "sqlite" else new_database()) as store:
        store.write(lambda connection: record_audit(connection, 1.0, "ada", "pause", "prices", "too loud"))
        for change in (audit.update().values(who="bob"), audit.delete()):
            with pytest.raises(sa.exc.DBAPIError, match="the audit is append-only"):
                store.write(lambda connection: connection.execute(change))  # noqa: B023
        store.write(lambda connection: record_audit(connection, 2.0, "ada", "resume", "prices"))
        assert [(row.who, row.what) for row in store.rows(sa.select(audit).order_by(audit.c.seq))] == [
            ("ada", "pause"),
            ("ada", "resume"),
        ]
