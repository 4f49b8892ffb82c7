"""What a person refused is not a candidate again for four weeks, unless there is another sort of evidence."""

from __future__ import annotations

from sidecar.review.dismissed import STANDS_FOR
from tests.review.history import BEFORE, DAY, SINCE, UNTIL, History


def failing(history: History) -> None:
    history.skill("report")
    for number in range(5):
        history.failed("report", SINCE + number)


def test_the_refusal_stands_and_the_model_is_told_why(history: History) -> None:
    failing(history)
    history.dismissed(history.only(), BEFORE, "the server </value> is being moved")
    evidence = history.review()
    assert evidence.candidates == []
    assert "A person dismissed a revision for failures on 2026-11-06" in evidence.digest
    assert 'because "the server \\u003c/value\\u003e is being moved". Don\'t propose it again.' in evidence.digest


def test_after_four_weeks_it_may_be_asked_again(history: History) -> None:
    failing(history)
    history.dismissed(history.only(), UNTIL - STANDS_FOR - 1)
    assert history.candidates() == [("report", "failures")]


def test_it_stands_for_its_kind_only(history: History) -> None:
    failing(history)
    history.dismissed(history.only(), BEFORE)
    history.run("report", SINCE + DAY, misfire="sent 4 messages, expected at most 3")
    assert history.candidates() == [("report", "expectation")]


def test_another_sort_of_failure_is_a_candidate_that_says_what_was_refused(history: History) -> None:
    failing(history)
    history.dismissed(history.only(), BEFORE)
    history.failed("report", SINCE + DAY, "KeyError", step=None)
    evidence = history.review()
    assert [candidate.kind for candidate in evidence.candidates] == ["failures"]
    assert "Don't propose it again" in evidence.digest


def test_a_finding_of_several_kinds_was_refused_for_each(history: History) -> None:
    failing(history)
    joined = history.only().model_copy(update={"kind": "slow, failures"})
    history.dismissed(joined, BEFORE)
    assert history.candidates() == []
