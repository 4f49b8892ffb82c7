"""Silence, slowness, retries, cost, refused approvals and broken expectations: each at the edge of its threshold."""

from __future__ import annotations

from sidecar.review.kinds.cost import USD_AT_LEAST
from sidecar.review.kinds.refused import DENIED_AT_LEAST
from sidecar.review.kinds.retries import RUNS_AT_LEAST
from sidecar.review.kinds.slow import LONGER_AT_LEAST
from tests.review.history import BEFORE, DAY, SINCE, History


def quiet(history: History, skill: str, count: int) -> list[str]:
    return [history.run(skill, SINCE + number, None, nothing_to_report="calm") for number in range(count)]


def test_a_skill_that_always_reported_and_has_nothing_to_report_any_more(history: History) -> None:
    history.skill("news")
    heard = history.every("news", BEFORE, ["a", "b", "c"])
    silent = quiet(history, "news", 4)
    assert history.candidates() == []
    silent += quiet(history, "news", 1)
    found = history.only()
    assert found.kind == "silence"
    assert found.runs == [heard[-1], silent[0], silent[-1]]
    history.run("news", SINCE + DAY, "d")
    assert history.candidates() == []


def test_silence_is_no_news_from_a_skill_that_seldom_reports_or_never_did(history: History) -> None:
    history.skill("alarm")
    for number in range(40):
        history.run("alarm", BEFORE + number, None, nothing_to_report="calm")
    history.run("alarm", BEFORE + DAY, "fire")
    history.skill("mute")
    quiet(history, "alarm", 100)
    quiet(history, "mute", 100)
    assert history.candidates() == []


def test_a_scheduled_skill_that_did_not_run_at_all(history: History) -> None:
    history.skill("report")
    history.skill("monthly")
    history.skill("paused")
    history.slot("paused", SINCE, "paused")
    history.slot("report", SINCE, "missed")
    history.slot("report", SINCE + DAY, "missed")
    found = history.only()
    assert (found.skill, found.kind, found.runs) == ("report", "silence", [])
    assert found.evidence[0] == "Of 2 slots that were due this week none has brought a run: 2 missed."
    history.run("report", SINCE + DAY)
    assert history.candidates() == []
    assert "2 missed" in history.review().digest


def timed(history: History, seconds: float, *, runs: int = 5, attempts: str | None = None) -> None:
    """Runs of a second the week before, and of so many this week; each with an attempt that ended so."""
    for start, took in ((BEFORE, 1.0), (SINCE, seconds)):
        for number in range(runs):
            at = start + number * 1000
            run = history.run("report", at, number, ended_at=at + took)
            if attempts:
                history.attempt(run, attempts)


def test_twice_as_long_and_by_seconds_is_slow(history: History) -> None:
    history.skill("report")
    timed(history, 1.0 + LONGER_AT_LEAST)
    found = history.only()
    assert (found.kind, found.summary) == (
        "slow",
        "Half of its runs took more than 6.0 s; the week before 1.0 s.",
    )
    assert found.evidence[0].startswith("This week: 5 runs took 6.0 s in the median, 6.0 s at the 90th percentile")


def test_a_second_longer_is_not_slow(history: History) -> None:
    history.skill("report")
    timed(history, LONGER_AT_LEAST + 0.9)
    assert history.candidates() == []


def test_a_run_that_waited_for_a_person_is_not_slow(history: History) -> None:
    history.skill("report")
    timed(history, 5000.0, runs=9, attempts="suspended")
    assert history.candidates() == []


def test_good_runs_that_needed_further_tries(history: History) -> None:
    history.skill("report")
    runs = history.every("report", SINCE, [str(number) for number in range(20)])
    for run in runs[: RUNS_AT_LEAST - 1]:
        history.step(run, "fetch", failures=2)
    assert history.candidates() == []
    history.step(runs[-1], "fetch", failures=3)
    found = history.only()
    assert found.kind == "retries"
    assert found.summary == "5 of 20 good runs ended well only after failed tries of fetch."
    assert "the newest run 3 times" in found.evidence[1]
    history.run("report", SINCE + 5 * DAY, "the 21st")
    assert history.candidates() == []


def test_lost_workers_are_retries(history: History) -> None:
    history.skill("report")
    for run in history.every("report", SINCE, ["a", "b", "c", "d", "e"]):
        history.attempt(run, "lost")
    assert history.only().summary == "5 of 5 good runs ended well only after their worker was lost."


def test_workers_that_a_person_or_a_restart_stopped_are_none(history: History) -> None:
    history.skill("report")
    timed(history, 5000.0, runs=9, attempts="stopped")
    assert history.candidates() == []


def spent(history: History, before: float, now: float) -> None:
    history.skill("report")
    for start, usd in ((BEFORE, before), (SINCE, now)):
        for run in history.every("report", start, ["a", "b", "c", "d"]):
            history.paid(run, usd / 4)


def test_twice_as_dear_a_run(history: History) -> None:
    spent(history, USD_AT_LEAST / 2, USD_AT_LEAST)
    found = history.only()
    assert (found.kind, found.summary) == (
        "cost",
        "A run cost $0.1250 in model calls; the week before $0.0625.",
    )


def test_twice_as_dear_as_almost_nothing_is_cheap(history: History) -> None:
    spent(history, USD_AT_LEAST / 4, USD_AT_LEAST - 0.04)
    assert history.candidates() == []


def test_what_a_standing_approval_allowed_is_no_persons_yes(history: History) -> None:
    history.skill("cleaner")
    runs = history.every("cleaner", SINCE, [str(number) for number in range(8)])
    for run in runs[:DENIED_AT_LEAST]:
        history.approval(run, "cleaner", SINCE, "denied")
    for run in runs[DENIED_AT_LEAST:]:
        history.approval(run, "cleaner", SINCE, "approved", grant="g1")
    assert history.only().summary.startswith(f"{DENIED_AT_LEAST} of {DENIED_AT_LEAST} answered approvals were denied")


def test_approvals_that_a_person_denied(history: History) -> None:
    history.skill("cleaner")
    runs = history.every("cleaner", SINCE, ["a", "b", "c", "d"])
    history.approval(runs[0], "cleaner", SINCE, "denied", "never delete")
    assert history.candidates() == []
    for run in runs[1:DENIED_AT_LEAST]:
        history.approval(run, "cleaner", SINCE, "denied")
    for run in runs[DENIED_AT_LEAST:]:
        history.approval(run, "cleaner", SINCE, "approved")
    found = history.only()
    assert found.kind == "refused approvals"
    assert found.evidence[0] == "2 of 4 answered approvals were denied."
    assert found.evidence[1].endswith(
        'asked "Delete \\u003ceverything\\u003e?" and was denied, because "never delete".'
    )
    assert found.evidence[2].endswith("was denied, without a reason.")
    further = history.run("cleaner", SINCE + DAY, "e")
    history.approval(further, "cleaner", SINCE + DAY, "approved")
    assert history.candidates() == []


def test_one_broken_expectation_is_enough(history: History) -> None:
    history.skill("report")
    history.every("report", SINCE, ["a", "b"])
    slow = history.run("report", SINCE + DAY, "c", misfire="took 9.0 s, expected within 5 s")
    found = history.only()
    assert (found.kind, found.runs) == ("expectation", [slow])
    assert found.summary == (
        '1 of 3 runs broke an expectation that the skill declares; the newest: "took 9.0 s, expected within 5 s".'
    )
