"""What people read: on 80 columns, in a pipe, and with hostile text in it."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from rich.console import RenderableType

from harness import words as said
from harness.cli.console import InertConsole, inert
from harness.cli.pages.approvals import approval_list, approval_page
from harness.cli.pages.audit import audit_table
from harness.cli.pages.backup import backup_page, restored_page
from harness.cli.pages.cost import caps_page, cost_page
from harness.cli.pages.diff import diff_page
from harness.cli.pages.events import event_page
from harness.cli.pages.notices import notice_page
from harness.cli.pages.report import report_page, verdict_page
from harness.cli.pages.review import review_page
from harness.cli.pages.runs import log_page, run_page, run_table
from harness.cli.pages.secrets import granted, kept, secret_table
from harness.cli.pages.skills import skill_page, skill_table, version_table
from harness.cli.pages.status import status_page, welcome_page
from harness.cli.pages.stop import started_page, stopped_page
from harness.cli.pages.why import why_page
from sidecar.client import views

from . import examples

WORDS = said.Words(now=examples.NOW, zone="Europe/Oslo")
LONG = "infra_health_of_everything_that_there_is"


def read(page: RenderableType, *, width: int = 80, colour: bool = False) -> str:
    written = io.StringIO()
    console = InertConsole(
        file=written, width=width, markup=False, emoji=False, highlight=False, force_terminal=colour, color_system=None
    )
    console.print(page)
    return written.getvalue()


PAGES: dict[str, RenderableType] = {
    "skills": skill_table([examples.skill(), examples.skill(name=LONG, problems=2)], WORDS),
    "skill": skill_page(examples.skill_detail(report=examples.REFUSED), [examples.run()], WORDS),
    "versions": version_table(examples.VERSIONS, WORDS),
    "runs": run_table([examples.run(), examples.run(skill=LONG, state="waiting")], WORDS),
    "run": run_page(examples.run_detail(run=examples.run(state="failed", error=examples.ERROR)), WORDS),
    "report": report_page(examples.REFUSED),
    "verdict": verdict_page(examples.verdict(), WORDS),
    "review": review_page(examples.REVIEW, WORDS),
    "approvals": approval_list([examples.approval()], WORDS),
    "approval": approval_page(examples.approval(), WORDS),
    "events": event_page([examples.EVENT], WORDS),
    "notices": notice_page([examples.NOTICE], WORDS),
    "status": status_page(examples.status(), WORDS),
    "welcome": welcome_page(examples.status(), WORDS, None),
    "cost": cost_page(examples.COST, WORDS),
    "caps": caps_page(examples.CAPS, WORDS),
    "secrets": secret_table([examples.SECRET], WORDS),
    "secret kept": kept(examples.SECRET, WORDS),
    "secret granted": granted(examples.SECRET, "refund", "pay.example.com", WORDS),
    "backup": backup_page(examples.BACKUP, WORDS),
    "restored": restored_page(examples.RESTORED, WORDS),
    "why": why_page(examples.WHY, WORDS),
    "stopped": stopped_page(examples.HALT, WORDS),
    "started": started_page(examples.HALT, WORDS),
    "stop in the status": status_page(examples.status(stopped=examples.STOP), WORDS),
    "audit": audit_table([examples.DECISION], WORDS),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_80_columns(name: str) -> None:
    assert max(len(line.rstrip()) for line in read(PAGES[name]).splitlines()) <= 80


@pytest.mark.parametrize("name", ["skills", "versions", "runs", "secrets", "caps", "audit"])
def test_a_table_has_all_its_columns_on_80_columns_and_the_first_ones_on_less(name: str) -> None:
    whole = read(PAGES[name], width=10_000).splitlines()[0].split()
    assert read(PAGES[name]).splitlines()[0].split() == whole
    for width in (20, 30, 40, 50, 60):
        lines = read(PAGES[name], width=width).splitlines()
        heading = lines[0].split()
        assert heading == whole[: len(heading)]
        assert set(lines[1].strip()) == {"─"}, "a heading stays on one line"
        assert max(len(line.rstrip()) for line in lines) <= width


@pytest.mark.parametrize("name", ["skills", "runs"])
def test_a_narrow_screen_has_the_skills_names(name: str) -> None:
    for width in (40, 50, 60):
        text = read(PAGES[name], width=width)
        assert "price_report" in text
        assert "infra_health" in text


def test_a_stop_says_why_what_it_holds_what_is_in_doubt_and_how_to_go_on() -> None:
    text = " ".join(read(PAGES["stopped"]).split())
    for told in (
        "everything is stopped by ada since ",
        ": the bill is strange",
        "1 run that was under way waits",
        "in an irreversible step, which may have happened, or not: a1b2c3d4",
        "Go on with: tend start --all",
    ):
        assert told in text
    status = " ".join(read(PAGES["stop in the status"]).split())
    assert "Go on with: tend start --all" in status
    assert "next up" not in status


def test_a_row_keeps_its_ids_and_states_whole_on_a_narrow_screen() -> None:
    text = read(PAGES["runs"])

    assert text.count("a1b2c3d4") == 2
    assert "✓ succeeded" in text
    assert "⏸ waiting" in text
    assert "4 min ago" in text


def test_a_skill_tells_its_schedule_powers_versions_and_newest_report() -> None:
    text = read(PAGES["skill"])

    for told in (
        "At 09:00, only on Monday",
        "prices.example.com",
        "prices/*.csv",
        "nothing",  # it writes
        "pay: Pay {price}?",
        "At 09:00, only on Monday, about every 7 days",
        "asks it; $0.0021 a run, unknown a month (its last 12 runs)",
        "+ reaches prices.example.com",
        "- writes prices/**",
        "done within 5 min; at most 3 messages",
        "price_report is refused: 1 problem",
        "asked in the chat",
        "cron 0 9 * * 1",
    ):
        assert told in text
    assert text.count("CET") == 3  # the next three times


def test_a_run_is_told_step_by_step() -> None:
    text = read(PAGES["run"])

    for told in (
        "██████──────────",  # when in the run it was
        "publish#2",
        '["api"]',
        '{"prices": [1, 2, 3]}',
        "try 1  ✗ failed",
        "try 2  ✓ succeeded",
        "GET https://prices.example.com/today → 200",
        "c0ffee00",
        "slow ms=900",
        "HTTPStatus: 503 from prices.example.com",
        "line 9, in fetch",
        "tend skills show price_report",
    ):
        assert told in text


def test_a_report_points_at_the_place_and_says_what_to_write() -> None:
    lines = read(PAGES["report"]).splitlines()

    assert lines[2].startswith("skills/price_report.py:12:16: Incompatible return value type")
    assert lines[4] == "    return text"
    assert lines[5].index("^") == lines[4].index("text")
    assert lines[6] == "  Fix: Return the number: return int(text)"


def test_a_review_reads_like_a_page_and_ends_each_proposal_with_its_two_commands() -> None:
    text = read(PAGES["review"])

    assert text.index("flaky on Mondays") < text.index("3 of 5 runs failed") < text.index("+@step(attempts=5)")
    assert "runs a1b2c3d4" in text
    assert "tend review accept d00d1234" in text
    assert "tend review dismiss d00d1234" in text


def test_what_is_asked_is_never_shortened() -> None:
    question = " ".join(examples.approval().question.split())

    for name in ("approvals", "approval", "status"):
        assert question in " ".join(read(PAGES[name]).split())


def test_where_a_notice_went_and_what_to_type_where_nobody_knows() -> None:
    text = read(PAGES["notices"])

    assert "✓ sent to ops" in text
    assert "? ambiguous at pager: no answer came" in text
    assert "tend notices retry a3b19c0f   or   tend notices drop a3b19c0f" in text
    assert "⏸ waiting for me: away (2 tries; the next in 2 min)" in text


@pytest.mark.parametrize(
    ("page", "next_"),
    [
        (skill_table([], WORDS), "tend chat"),
        (run_table([], WORDS), "tend skills run NAME"),
        (review_page(None, WORDS), "tend review now"),
        (approval_list([], WORDS), "tend status"),
        (notice_page([], WORDS), "run.notify"),
        (log_page([], WORDS), "said nothing"),
        (diff_page(""), "No difference"),
    ],
)
def test_an_empty_page_says_what_to_type(page: RenderableType, next_: str) -> None:
    assert next_ in read(page)


HOSTILE = "\x1b[2J\x1b]0;owned\x07\x1b]8;;http://evil\x1b\\[bold red]x[/bold red]\x9b31m\u202egnp.exe\x7f\r"


def test_text_of_others_is_inert() -> None:
    hostile = examples.NOTICE.model_copy(update={"text": HOSTILE})
    run = examples.run_detail(
        output=HOSTILE, logs=[{"at": examples.NOW, "level": "info", "step": None, "message": HOSTILE}]
    )

    for page in (notice_page([hostile], WORDS), run_page(run, WORDS)):
        text = read(page)
        assert "[bold red]x[/bold red]" in text  # markup is text
        assert not set(text) & set("\x1b\x07\x7f\x9b\r\u202e")


def test_inert_keeps_what_is_only_text() -> None:
    assert inert("a\x1b[2Jb\x1b]0;title\x07c\x1b]8;;http://evil\x1b\\d") == "abcd"
    assert inert("Grüße, 東京 🙂\n\tdone") == "Grüße, 東京 🙂\n\tdone"


def test_no_state_is_told_by_colour_alone() -> None:
    states = [*views.RunState.__args__, "active", "refused", "paused", "open", "denied"]  # type: ignore[attr-defined]

    assert all(len(said.state(state).split(" ", 1)) == 2 for state in states)
    assert "·" not in {said.state(state)[0] for state in states}


@pytest.mark.parametrize(
    ("away", "expected"),
    [
        (timedelta(0), "now"),
        (timedelta(seconds=-5), "5 s ago"),
        (timedelta(minutes=-4), "4 min ago"),
        (timedelta(hours=2, minutes=50), "in 2 h"),
        (timedelta(days=-3), "3 d ago"),
    ],
)
def test_times_are_relative(away: timedelta, expected: str) -> None:
    assert WORDS.relative(examples.NOW + away) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.012, "12 ms"),
        (2.13, "2.1 s"),
        (200, "3 min 20 s"),
        (7500, "2 h 5 min"),
        (60, "1 min"),
        (0.9994, "999 ms"),
        (0.9996, "1.0 s"),
        (59.94, "59.9 s"),
        (59.97, "1 min"),
        (3599.7, "1 h"),
    ],
)
def test_durations_are_short(seconds: float, expected: str) -> None:
    assert said.duration_of(seconds) == expected


def test_an_unknown_cost_is_not_nothing() -> None:
    assert (said.money(None), said.money(0), said.money(0.0021)) == ("unknown", "$0.00", "$0.0021")


def test_a_sum_is_rounded_once_and_never_to_nothing() -> None:
    assert [said.money(usd) for usd in (0.99994, 0.99996, 1.234, 0.0001)] == ["$0.9999", "$1.00", "$1.23", "$0.0001"]
    assert said.money(0.000001) == "under $0.0001"


def test_a_long_value_says_how_much_is_left_out() -> None:
    assert said.value("x" * 50, limit=10) == "xxxxxxxxxx… (+40 characters)"


def test_why_reads_as_sentences() -> None:
    text = " ".join(read(PAGES["why"]).split())

    for told in (
        "price_report: something is in its way.",
        "⏸ Person paused it: holidays. That was 2 h ago. → tend skills resume price_report",
        "(in 2 d), then ",
        "started nothing (paused): the skill is paused.",
        "was merged: run a1b2c3d4e5f60718 has yet to start.",
        "started run a1b2c3d4 late, which failed with HTTPStatus: 4000 s after its time.",
        "started run a1b2c3d4, which succeeded.",
        "started a run, which is kept no more.",
        "every 60 s (declared no more) None of its times has come yet.",
        "order.paid started nothing (limited): 1 within 1:00:00 is its rate limit. order-2",
        "order.paid started run a1b2c3d4, which succeeded. order-1",
    ):
        assert told in text


def test_why_says_it_where_nothing_is_in_the_way() -> None:
    called = examples.WHY.skill.model_copy(update={"schedule": views.CALLED_ONLY})
    free = examples.WHY.model_copy(update={"skill": called, "obstacles": (), "schedules": (), "events": ()})
    assert read(why_page(free, WORDS)).splitlines() == [
        "price_report: nothing keeps it from running.",
        "Nothing starts it by itself. It runs when somebody calls it.",
    ]


@pytest.mark.parametrize(
    ("trial", "trial_from", "told"),
    [
        (None, timedelta(hours=1), "a trial is let through from "),
        (None, timedelta(hours=-1), "the next time is a trial"),
        (examples.RUN, timedelta(hours=-1), "run a1b2c3d4 is its trial"),
    ],
)
def test_a_quarantined_skill_says_why_and_what_comes_of_it(trial: str | None, trial_from: timedelta, told: str) -> None:
    held = views.Quarantine(
        since=examples.NOW,
        reason="it failed 5 times in a row",
        trial_from=examples.NOW + trial_from,
        trial=trial,
        last_run=examples.RUN,
    )
    skill = examples.skill(quarantine=held, next_at=None)
    assert "⊘ quarantined" in read(skill_table([skill], WORDS))
    text = " ".join(read(skill_page(examples.skill_detail(skill=skill), [], WORDS)).split())
    assert f"it failed 5 times in a row; {told}" in text
    assert "⊘ 1 quarantined" in read(status_page(examples.status(quarantined=1), WORDS))


def test_a_backup_says_what_is_in_it_and_the_way_back() -> None:
    made, restored = (" ".join(read(PAGES[name]).split()) for name in ("backup", "restored"))
    for told in ("and 12 files are in /backups/tend.backup.", "lib/link.py.", "tend restore /backups/tend.backup"):
        assert told in made
    for told in ("3 live skills and 12 files.", "2 runs go on from there", "lies in /home/ada/tend/.tend/before-"):
        assert told in restored
    assert "Set it again, no backup has it: tend secret set SHOP_TOKEN" in restored
    quiet = restored_page(examples.RESTORED.model_copy(update={"unfinished": 0}), WORDS)
    assert "No run was under way then." in read(quiet)


def test_a_store_that_takes_no_changes_is_told_before_all_else() -> None:
    shown = read(status_page(examples.status(degraded="database or disk is full"), WORDS))
    assert "✗ nothing is acknowledged: database or disk is full (tend doctor)" in shown.split("\n")[1]
    assert "nothing is acknowledged" not in read(status_page(examples.status(), WORDS))
