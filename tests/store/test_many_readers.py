"""How many may read at the same time."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest
import sqlalchemy as sa

from sidecar.store import Store, StoreError
from tests.support.postgresql import database

READERS = 39  # and the writer
ONE = sa.select(sa.literal(1))


def test_as_many_read_at_once_as_there_are_threads_and_one_too_many_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store(database(tmp_path)) as store, ExitStack() as readers:
        monkeypatch.setattr(store.database.engine.pool, "_timeout", 0.1)
        for _ in range(READERS):
            readers.enter_context(store.database.engine.connect())
        for read in (lambda: store.row(ONE), lambda: store.rows(ONE), lambda: store.read(lambda _: None)):
            with pytest.raises(StoreError, match="no connection came free"):
                read()
        readers.close()
        assert store.row(ONE) == (1,)
