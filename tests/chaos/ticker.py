"""A schedule of every second, and what has to be seen of its slots, whoever was there."""

from __future__ import annotations

from collections import Counter

import sqlalchemy as sa

from sidecar.store.schema import attempts, runs, slots
from tests.chaos.ten_steps import Query

TICKER = "ticker"
TICKER_TEXT = '''"""Every second."""

from datetime import timedelta

from skills import Run, every, skill


@skill(on=every(timedelta(seconds=1)), concurrency=100)
def ticker(run: Run) -> str:
    return "tick"
'''


def assert_every_slot_once(query: Query) -> None:
    """I4, I6: no slot has fired twice, and no run has two outcomes."""
    created = Counter(row.trigger for row in query(sa.select(runs.c.trigger).where(runs.c.skill == TICKER)))
    fired = query(sa.select(slots.c.schedule, slots.c.slot).where(slots.c.run.is_not(None)))
    assert all(number == 1 for number in created.values()), "a slot has fired twice"
    assert set(created) <= {f"{row.schedule} at {row.slot}" for row in fired}
    good = Counter(row.run for row in query(sa.select(attempts.c.run).where(attempts.c.outcome == "succeeded")))
    assert all(number == 1 for number in good.values()), "a run has two outcomes"
