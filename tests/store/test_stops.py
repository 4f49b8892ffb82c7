"""A stop is new once, in both databases: only then it goes into the audit."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.journal.stops import EVERYTHING, lift_stop, put_stop
from sidecar.store import Store
from tests.support.postgresql import new_database


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_first_word_stands_until_it_is_lifted(tmp_path: Path, kind: str) -> None:
    with Store(tmp_path / "tend.db" if kind == "sqlite" else new_database()) as store:

        def put(why: str) -> bool:
            return store.write(lambda connection: put_stop(connection, EVERYTHING, "ada", why, 1.0))

        assert [put("the bill"), put("again")] == [True, False]
        lifted = store.write(lambda connection: lift_stop(connection, EVERYTHING))
        assert lifted is not None
        assert lifted.why == "the bill"
        assert put("anew")
