"""The migrations make the tables that the schema describes, in both databases."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from sidecar.store import Store
from sidecar.store.schema import metadata
from tests.support.postgresql import new_database


def _ours(connection_object: object, name: str | None, type_: str, *_: object) -> bool:
    return not (name or "").startswith(("procrastinate", "idx_procrastinate"))


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_they_lead_to_the_schema(tmp_path: Path, kind: str) -> None:
    with Store(tmp_path / "tend.db" if kind == "sqlite" else new_database()) as store:

        def differences(connection: object) -> object:
            context = MigrationContext.configure(connection, opts={"include_object": _ours})  # type: ignore[arg-type]
            return compare_metadata(context, metadata)

        assert store.read(differences) == []
