"""A review is kept once for each run of it, and the latest is shown."""

from __future__ import annotations

from sidecar.review.record import latest_review, record_review
from tests.review.history import SINCE, UNTIL, History


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
