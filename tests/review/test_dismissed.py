"""What a person refused is not a candidate again for four weeks, unless there is another sort of evidence."""

from __future__ import annotations

from sidecar.checker.manifest import Expectation
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


def test_a_failure_of_a_like_name_is_another_sort(history: History) -> None:
    history.skill("report")
    for number in range(5):
        history.failed("report", SINCE + number, "ReadTimeout", step="fetch_price")
    history.dismissed(history.only(), BEFORE)
    history.failed("report", SINCE + DAY, "ReadTimeout", step="fetch")
    assert history.candidates() == [("report", "failures")]
    history.dismissed(history.only(), BEFORE + 1)
    assert history.candidates() == []


def test_another_stale_output_is_another_sort_also_where_the_dates_have_its_letters(history: History) -> None:
    history.skill("door", expect=Expectation(same_output_at_most=3))
    history.every("door", BEFORE + DAY, ["open", "shut", "open", "shut"])
    history.every("door", SINCE, ["closed"] * 6)
    history.dismissed(history.only(), SINCE + 2 * DAY)
    assert history.candidates() == []
    history.every("door", SINCE + 3 * DAY, [0] * 6)
    assert [candidate.evidence[0] for candidate in history.review().candidates] == ["The output of 6 runs in a row: 0"]
    history.dismissed(history.only(), SINCE + 4 * DAY)
    assert history.candidates() == []


def test_sorts_stand_whole_in_the_lines_of_every_kind(history: History) -> None:
    """What a refusal knew of is read from its lines."""
    history.skill("report")
    for number in range(8):
        run = history.run("report", SINCE + number, misfire="sent 4 messages, expected at most 3")
        history.step(run, "fetch", failures=1)
        history.attempt(run, "lost")
    found = history.review().candidates
    assert {candidate.kind for candidate in found} == {"expectation", "retries"}
    for candidate in found:
        history.dismissed(candidate, BEFORE + len(candidate.kind))
    assert history.candidates() == []
