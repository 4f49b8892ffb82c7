"""The digest is bounded, whatever the number of skills; what misfires comes first."""

from __future__ import annotations

from sidecar.review.digest import DIGEST_AT_MOST
from sidecar.review.evidence import CANDIDATES_AT_MOST
from skills.shipped import weekly_review
from tests.review.history import BEFORE, DAY, SINCE, History


def test_a_store_without_runs_or_skills(history: History) -> None:
    evidence = history.review()
    assert evidence.candidates == []
    assert "0 runs, 0 failed of 0 skills" in evidence.digest
    history.skill("idle")
    assert "- idle (0001idle): no candidate. good 0 of 0 runs" in history.review().digest


def test_five_hundred_skills_fit_and_the_cut_is_marked(history: History) -> None:
    history.together(lambda: _many_skills(history, 500, misfiring=100))
    evidence = history.review()
    assert len(evidence.digest) <= DIGEST_AT_MOST
    assert len(evidence.candidates) == CANDIDATES_AT_MOST
    assert "[70 further candidates left out: mend these first]" in evidence.digest
    lines, details = evidence.digest.split("In detail:")
    assert lines.index("- worse_000 ") < lines.index("more skills left out here]")
    assert "healthy" not in lines
    assert "more skills left out here]" in details


def test_a_skill_whose_candidate_is_left_out_is_still_named_as_misfiring(history: History) -> None:
    history.together(lambda: _many_skills(history, CANDIDATES_AT_MOST + 1, misfiring=CANDIDATES_AT_MOST + 1))
    digest = history.review().digest
    assert f"- worse_{CANDIDATES_AT_MOST:03} (0001wors): failures." in digest
    assert f"## worse_{CANDIDATES_AT_MOST:03}" not in digest


def _many_skills(history: History, count: int, misfiring: int) -> None:
    for number in range(count):
        is_bad = number >= count - misfiring
        name = f"worse_{number - count + misfiring:03}" if is_bad else f"healthy_{number:03}"
        history.skill(name)
        for hour in range(3):
            (history.failed if is_bad else history.run)(name, SINCE + hour)


def test_the_week_in_numbers_and_a_line_for_each_skill(history: History) -> None:
    history.skill("report", versions=2)
    for run in history.every("report", BEFORE, ["a", "b", "c", "d"]):
        history.paid(run, 0.25)
    history.run("report", SINCE, "e")
    history.run("report", SINCE + DAY, "f", version=2)
    history.failed("report", SINCE + DAY, version=2)
    history.slot("report", SINCE, "fired")
    history.slot("report", SINCE + DAY, "late")
    digest = history.review().digest
    assert digest.startswith(
        "From 2026-11-13 10:00 UTC to 2026-11-20 10:00 UTC: 3 runs, 1 failed of 1 skill; "
        "the week before 4 runs, 0 failed. Skills that may misfire: 1."
    )
    assert (
        "- report (0002repo): failures. good 1 of 2 runs (50%), the week before 4 of 4 runs (100%); "
        "median 1.0 s, before 1.0 s; $0.00, before $1.00; 1 late; 1 more by older versions"
    ) in digest


def test_the_review_skill_reads_it(history: History) -> None:
    history.skill("report")
    history.failed("report", SINCE)
    read = weekly_review.Evidence.model_validate(history.review().model_dump(mode="json"))
    assert read.candidates[0].kind == "failures"
    assert set(history.review().model_dump()["candidates"][0]) == set(weekly_review.Candidate.model_fields)
