"""A review is kept once for each run of it, and the latest is shown."""

from __future__ import annotations

import pytest

from sidecar.review.record import REVIEWED_AT_MOST, WEEK, latest_review, record_review, unreviewed_since
from tests.review.history import DAY, SINCE, UNTIL, History


def test_the_latest_review_and_a_review_that_is_recorded_again(history: History) -> None:
    assert history.store.read(latest_review) is None
    for run, at, summary in (("r1", 1.0, "first"), ("r2", 3.0, "second"), ("r1", 2.0, "first, again")):
        history.store.write(
            lambda connection, run=run, at=at, summary=summary: record_review(  # type: ignore[misc] # bound for the loop
                connection, run, at, SINCE, UNTIL, summary, [{"skill": "report"}]
            )
        )
    latest = history.store.read(latest_review)
    assert latest is not None
    assert (latest.run, latest.summary, latest.findings) == ("r2", "second", [{"skill": "report"}])


@pytest.mark.parametrize(
    ("last", "since"),
    [
        (None, UNTIL - WEEK),
        (UNTIL - DAY, UNTIL - WEEK),
        (UNTIL - WEEK - 3 * DAY, UNTIL - WEEK - 3 * DAY),
        (0.0, UNTIL - REVIEWED_AT_MOST),
    ],
)
def test_a_review_that_comes_late_begins_where_the_last_one_ended(
    history: History, last: float | None, since: float
) -> None:
    if last is not None:
        history.store.write(
            lambda connection: record_review(
                connection, "r1", at=UNTIL - 60, since=last - WEEK, until=last, summary="", findings=[]
            )
        )
    assert history.store.read(lambda connection: unreviewed_since(connection, UNTIL)) == since
