"""How often an output has come in a row is found out without reading more than that needs."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from pydantic import JsonValue

from sidecar.checker.manifest import Expectation
from sidecar.expectations import broken_expectation
from sidecar.store import Store
from sidecar.store.schema import runs
from skills.wire import Succeeded
from tests.review.history import SINCE, History
from tests.support.postgresql import new_database
from tests.support.rows_read import rows_read

AT_MOST = 30
READ_AT_ONCE = 20


@pytest.mark.parametrize(
    ("others", "same", "misfires", "reads"),
    [(0, 100, True, AT_MOST), (71, 29, False, AT_MOST), (70, 30, True, AT_MOST), (100, 0, False, READ_AT_ONCE)],
)
def test_no_more_outputs_are_read_than_may_be_the_same(others: int, same: int, misfires: bool, reads: int) -> None:
    with Store(new_database()) as store:
        history = History(store)
        the_same: JsonValue = {"a": 1, "b": 2}
        outputs = [*range(others), *[the_same] * same]
        history.together(lambda: history.every("report", SINCE, outputs))
        this = history.run("report", SINCE, None, state="running")
        (run,) = store.rows(sa.select(runs).where(runs.c.id == this))
        expect, result = Expectation(same_output_at_most=AT_MOST), Succeeded(output={"b": 2, "a": 1})
        with rows_read(store, "runs.output") as counts:
            broken = store.read(lambda connection: broken_expectation(connection, run, result, expect, SINCE))
    assert broken == ("the same output more than 30 times in a row, expected at most 30" if misfires else None)
    assert max(counts) <= READ_AT_ONCE
    assert sum(counts) == reads
