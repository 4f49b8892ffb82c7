"""Each command: what it asks of the sidecar, what it prints, and how it ends."""

from __future__ import annotations

import json
import os
import pty
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from harness.cli.commands.runs import State
from sidecar.client import views

from . import examples
from .conftest import Inside, Tend
from .double import Double, Refusal


@pytest.mark.parametrize(
    ("command", "asked", "answer"),
    [
        (["skills", "list"], "skills.list", [examples.skill()]),
        (["skills", "history", "price_report"], "skills.history", examples.VERSIONS),
        (["skills", "check", "price_report"], "skills.check", examples.PASSED),
        (["runs", "list"], "runs.list", [examples.run()]),
        (["runs", "show", "a1b2"], "runs.show", examples.run_detail()),
        (["review", "latest"], "review.latest", examples.REVIEW),
        (["approvals", "list"], "approvals.list", [examples.approval()]),
        (["approvals", "show", "ab12"], "approvals.show", examples.approval()),
        (["approvals", "grants", "list"], "grants.list", [examples.grant()]),
        (["approvals", "grants", "revoke", "9a12"], "grants.revoke", examples.grant(state="revoked")),
        (["approvals", "rules"], "approvals.rules", examples.RULES),
        (["notices"], "notices.list", [examples.NOTICE]),
        (["notices", "retry", "5e27"], "notices.retry", examples.NOTICE.postings[0]),
        (["notices", "drop", "5e27"], "notices.drop", examples.NOTICE.postings[0]),
        (["events", "list"], "events.list", [examples.EVENT]),
        (["emit", "order.paid", "[1]"], "events.emit", examples.EVENT),
        (["why", "price_report"], "skills.why", examples.WHY),
        (["cost"], "cost.show", examples.COST),
        (["cost", "cap"], "cost.caps", examples.CAPS),
        (["cost", "cap", "day", "30", "--why", "a busy week"], "cost.cap", examples.CAPS),
        (["secret", "list"], "secrets.list", [examples.SECRET]),
        (["secret", "grant", "refund", "SHOP_TOKEN", "pay.example.com"], "secrets.grant", examples.SECRET),
        (["secret", "revoke", "refund", "SHOP_TOKEN"], "secrets.revoke", examples.SECRET),
        (["status"], "status", examples.status()),
    ],
)
def test_a_view_is_answered_whole_in_json_and_with_whole_ids_in_a_pipe(
    tend: Tend, sidecar: Double, command: list[str], asked: str, answer: object
) -> None:
    sidecar.answers[asked] = answer
    shown = tend(*command)

    one = answer[0] if isinstance(answer, list) else answer
    assert isinstance(one, BaseModel)
    told = tend.json(*command)
    assert (told[0] if isinstance(told, list) else told) == one.model_dump(mode="json")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "\x1b" not in shown.stdout
    if "run" in command[0]:
        assert examples.RUN in shown.stdout


def test_a_screen_gets_colours_and_short_ids_and_no_color_is_obeyed(tend: Tend, sidecar: Double) -> None:
    sidecar.answers["runs.list"] = [examples.run()]

    screen = on_a_screen(tend, "runs", "list")
    assert "\x1b[32m✓ succeeded" in screen
    assert "a1b2c3d4 " in screen
    assert examples.RUN not in screen

    tend.environment["NO_COLOR"] = "1"
    assert "\x1b[3" not in on_a_screen(tend, "runs", "list")


def on_a_screen(tend: Tend, *arguments: str) -> str:
    ours, theirs = pty.openpty()
    process = tend.start(*arguments, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    read = b""
    while True:
        try:
            more = os.read(ours, 65_536)
        except OSError:  # the other end has been closed
            break
        if not more:
            break
        read += more
    os.close(ours)
    assert process.wait(10) == 0, read.decode()
    return read.decode()


def test_the_states_that_runs_list_takes_are_the_runs_states() -> None:
    assert get_args(State) == get_args(views.RunState)


def test_runs_list_passes_its_filters_on(inside: Inside, sidecar: Double) -> None:
    sidecar.answers["runs.list"] = [examples.run()]
    inside("runs", "list", "--skill", "price_report", "--state", "failed", "--limit", "3")

    assert sidecar.asked == [("runs.list", {"skill": "price_report", "state": "failed", "limit": 3})]


def test_no_runs_of_those_that_were_asked_for_are_not_no_runs_yet(inside: Inside, sidecar: Double) -> None:
    sidecar.answers |= {"runs.list": [], "skills.show": examples.skill_detail()}
    assert inside("runs", "list").stdout.startswith("No runs yet.")
    assert inside("runs", "list", "--state", "failed").stdout.startswith("No such runs.")
    assert inside("runs", "list", "--skill", "price_report").stdout.startswith("No such runs.")


def test_runs_of_a_skill_that_there_is_not_are_refused(inside: Inside, sidecar: Double) -> None:
    def refuse(_: object) -> object:
        raise Refusal(404, "not_found", "there is no skill 'nope'. See: tend skills list")

    sidecar.answers |= {"runs.list": [], "skills.show": refuse}
    done = inside("runs", "list", "--skill", "nope")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.rstrip().endswith("Next: tend skills list")


def test_skills_show_has_the_last_runs(inside: Inside, sidecar: Double) -> None:
    sidecar.answers |= {"skills.show": examples.skill_detail(), "runs.list": [examples.run()]}

    assert examples.RUN in inside("skills", "show", "price_report").stdout
    assert [run["id"] for run in inside.json("skills", "show", "price_report")["last_runs"]] == [examples.RUN]


def test_a_check_that_finds_problems_exits_1(inside: Inside, sidecar: Double) -> None:
    sidecar.answers["skills.check"] = examples.REFUSED
    done = inside("skills", "check", "price_report")

    assert done.returncode == 1
    assert "skills/price_report.py:12:16: Incompatible" in done.stdout
    in_json = inside("skills", "check", "price_report", "--json")
    assert (in_json.returncode, json.loads(in_json.stdout)["problems"][0]["line"]) == (1, 12)


def test_a_run_is_followed_to_its_end(inside: Inside, sidecar: Double) -> None:
    sidecar.answers |= {"skills.run": examples.run(state="queued"), "runs.show": examples.run_detail()}
    sidecar.publish("step", run=examples.RUN, step="fetch", state="succeeded", kind="step")
    sidecar.publish("run", run=examples.RUN, skill="price_report", state="succeeded", trigger="call")
    done = inside("skills", "run", "price_report", "--input", '{"city": "Oslo"}', "--rehearse")

    asked = {"name": "price_report", "input": {"city": "Oslo"}, "rehearsal": True}
    assert ("skills.run", asked) in sidecar.asked
    assert done.returncode == 0
    assert "fetch succeeded" in done.stderr
    assert "3 prices" in done.stdout


def test_a_run_that_fails_exits_1(inside: Inside, sidecar: Double) -> None:
    failed = examples.run(state="failed", error=examples.ERROR)
    sidecar.answers |= {"skills.run": examples.run(state="queued"), "runs.show": examples.run_detail(run=failed)}
    sidecar.publish("run", run=examples.RUN, skill="price_report", state="failed", trigger="call")
    done = inside("skills", "run", "price_report", "--json")

    assert (done.returncode, json.loads(done.stdout)["run"]["state"]) == (1, "failed")


def test_a_run_need_not_be_waited_for(inside: Inside, sidecar: Double) -> None:
    sidecar.answers["skills.run"] = examples.run(state="queued")

    assert inside.json("skills", "run", "price_report", "--no-wait")["id"] == examples.RUN


def test_an_event_is_emitted_with_its_payload_and_id(inside: Inside, sidecar: Double) -> None:
    sidecar.answers["events.emit"] = examples.EVENT.model_copy(update={"is_new": False})
    done = inside("emit", "order.paid", '{"order": "A7"}', "--id", "e-1")

    assert sidecar.asked == [("events.emit", {"name": "order.paid", "payload": {"order": "A7"}, "id": "e-1"})]
    assert f"→ price_report: started run {examples.RUN}" in done.stdout
    assert "→ tidy_up: paused, the skill is paused" in done.stdout
    assert "It was emitted before" in done.stdout


def test_an_event_needs_no_payload_and_takes_no_text_that_is_not_json(inside: Inside, sidecar: Double) -> None:
    sidecar.answers["events.emit"] = examples.EVENT.model_copy(update={"payload": None, "deliveries": ()})
    assert "nobody listened" in inside("emit", "tick").stdout
    done = inside("emit", "tick", "{oops")
    assert done.returncode == 2
    assert "the payload is not JSON" in done.stderr


def test_input_that_is_not_json_exits_2(inside: Inside, sidecar: Double) -> None:
    done = inside("skills", "run", "price_report", "--input", "{city: Oslo}")

    assert done.returncode == 2
    assert sidecar.asked == []


def test_input_may_come_from_a_file_or_stdin(inside: Inside, sidecar: Double) -> None:
    sidecar.answers["skills.run"] = examples.run(state="queued")
    given = inside.workspace / "input.json"
    given.write_text("[1]")
    inside("skills", "run", "x", "--no-wait", "--input", f"@{given}")
    inside("skills", "run", "x", "--no-wait", "--input", "-", stdin="[2]")

    assert [arguments["input"] for _, arguments in sidecar.asked] == [[1], [2]]


def test_pause_resume_and_rm_say_how_to_undo_them(inside: Inside, sidecar: Double) -> None:
    sidecar.answers |= {
        "skills.pause": examples.skill(paused=True),
        "skills.resume": examples.skill(),
        "skills.show": examples.skill_detail(),
        "skills.remove": None,
    }

    assert "tend skills resume price_report" in inside("skills", "pause", "price_report", "--reason", "noisy").stdout
    assert "live again" in inside("skills", "resume", "price_report").stdout
    assert f"tend skills restore price_report {examples.VERSION}" in inside("skills", "rm", "price_report").stdout
    assert sidecar.asked[0] == ("skills.pause", {"name": "price_report", "reason": "noisy"})


def test_a_version_is_named_by_its_first_letters(inside: Inside, sidecar: Double) -> None:
    sidecar.answers |= {
        "skills.history": examples.VERSIONS,
        "skills.diff": views.Diff(skill="price_report", old=examples.EARLIER, new=examples.VERSION, text=examples.DIFF),
        "skills.restore": examples.verdict(),
    }

    assert "+@step(attempts=5)" in inside("skills", "diff", "price_report", "77aa").stdout
    assert "is live" in inside("skills", "restore", "price_report", "77aa").stdout
    asked = dict(sidecar.asked)
    assert asked["skills.diff"] == {"name": "price_report", "old": examples.EARLIER, "new": None}
    assert asked["skills.restore"]["version"] == examples.EARLIER
    unknown = inside("skills", "restore", "price_report", "ffff")
    assert unknown.returncode == 1
    assert unknown.stderr.rstrip().endswith("Next: tend skills history price_report")


def test_cancelling_a_run_by_its_first_letters(inside: Inside, sidecar: Double) -> None:
    cancelled = examples.run(state="cancelled", reason="not needed")
    sidecar.answers |= {"runs.show": examples.run_detail(), "runs.cancel": cancelled}

    assert "⊘ cancelled" in inside("runs", "cancel", "a1b2", "--reason", "not needed").stdout
    assert sidecar.asked[-1] == ("runs.cancel", {"run": examples.RUN, "reason": "not needed"})


def test_runs_logs(inside: Inside, sidecar: Double) -> None:
    sidecar.answers["runs.show"] = examples.run_detail()

    assert "slow ms=900" in inside("runs", "logs", "a1b2").stdout
    assert inside.json("runs", "logs", "a1b2")[0]["message"] == "slow"


def test_an_approval_is_answered_by_its_first_letters(inside: Inside, sidecar: Double) -> None:
    sidecar.answers |= {"approvals.show": examples.approval(), "approvals.answer": examples.answered()}

    assert "✓ approved" in inside("approvals", "approve", "ab12", "--because", "read it").stdout
    assert sidecar.asked[-2:] == [
        ("approvals.show", {"approval": "ab12"}),
        ("approvals.answer", {"approval": "ab12cd34ef56ab12", "answer": "yes", "because": "read it"}),
    ]
    inside("approvals", "deny", "ab12")
    assert sidecar.asked[-1][1]["answer"] == "no"


def test_a_standing_approval_is_given_with_an_answer_or_beforehand(inside: Inside, sidecar: Double) -> None:
    sidecar.answers |= {"approvals.show": examples.approval(), "approvals.answer": examples.answered()}
    inside("approvals", "approve", "ab12", "--always-for", "30d", "--any", "count")
    assert sidecar.asked[-1][1] | {"always_for": 30 * 86400.0, "any_of": ["count"]} == sidecar.asked[-1][1]

    sidecar.answers["grants.add"] = examples.grant()
    shown = inside("approvals", "grants", "add", "price_report", "send", "--for", "12h", "--arguments", '{"to": "ada"}')
    given = {"skill": "price_report", "step": "send", "arguments": {"to": "ada"}, "reason": "", "seconds": 43_200.0}
    assert sidecar.asked[-1] == ("grants.add", given)
    assert "the last one" in shown.stdout, "what it is for is never shortened"
    assert examples.VERSION in "".join(shown.stdout.split())


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (["approve", "ab12", "--any", "count"], "--always-for 30d --any count"),
        (["approve", "ab12", "--always-for", "soon"], "'soon' is no length of time: 90s, 15m, 12h or 30d"),
        (["grants", "add", "a", "b", "--for", "1h", "--arguments", "[1]"], "--arguments is an object"),
    ],
)
def test_a_standing_approval_that_can_not_be_read_is_not_given(
    inside: Inside, sidecar: Double, typed: list[str], said: str
) -> None:
    refused = inside("approvals", *typed)
    assert refused.returncode == 2
    assert said in refused.stderr
    assert sidecar.commands() == []


def test_an_answer_that_changed_nothing_says_so_and_fails(inside: Inside, sidecar: Double) -> None:
    late = views.Answered(outcome="late", said="it expired before your answer", approval=examples.approval())
    sidecar.answers |= {"approvals.show": examples.approval(), "approvals.answer": late}
    done = inside("approvals", "approve", "ab12")

    assert done.returncode == 1
    assert "it expired before your answer" in done.stderr
    assert "tend approvals show ab12cd34ef56ab12" in done.stderr


def test_a_question_wants_words(inside: Inside, sidecar: Double) -> None:
    question = examples.approval(kind="question", question="Which city?")
    sidecar.answers |= {"approvals.show": question, "approvals.answer": examples.answered()}
    refused = inside("approvals", "approve", "ab12")

    assert refused.returncode == 1
    assert 'tend approvals answer ab12cd34ef56ab12 "your answer"' in refused.stderr
    inside("approvals", "answer", "ab12", "Oslo")
    assert sidecar.asked[-1][1]["answer"] == "Oslo"


def test_a_proposal_is_accepted_or_dismissed_by_its_first_letters(inside: Inside, sidecar: Double) -> None:
    sidecar.answers |= {
        "review.proposals": [examples.PROPOSAL],
        "review.accept": examples.verdict(),
        "review.dismiss": examples.PROPOSAL,
    }

    assert "is live" in inside("review", "accept", "d00d").stdout
    assert "stays as it is" in inside("review", "dismiss", "d00d", "--reason", "no").stdout
    assert sidecar.asked[-1] == ("review.dismiss", {"proposal": examples.PROPOSAL.id, "reason": "no"})


def test_an_accepted_version_that_does_not_pass_exits_1(inside: Inside, sidecar: Double) -> None:
    refused = examples.verdict(report=examples.REFUSED, live=False)
    sidecar.answers |= {"review.proposals": [examples.PROPOSAL], "review.accept": refused}

    assert inside("review", "accept", "d00d").returncode == 1


def test_a_review_now_is_followed_and_shown(inside: Inside, sidecar: Double) -> None:
    sidecar.answers |= {
        "review.now": examples.run(state="queued", skill="review"),
        "runs.show": examples.run_detail(),
        "review.latest": examples.REVIEW,
    }
    sidecar.publish("run", run=examples.RUN, skill="review", state="succeeded", trigger="call")

    assert "flaky on Mondays" in inside("review", "now").stdout


def test_no_review_yet(inside: Inside, sidecar: Double) -> None:
    sidecar.answers["review.latest"] = None

    assert "tend review now" in inside("review", "latest").stdout
    assert inside.json("review", "latest") is None


def test_the_doctor_works_without_a_sidecar(tend: Tend) -> None:
    found = {health["name"]: health for health in tend.json("doctor")}

    assert (found["sidecar"]["state"], found["sidecar"]["fix"]) == ("warning", "tend up")
    assert found["model"]["state"] == "warning"
    assert "TEND_ANTHROPIC_API_KEY" in found["model"]["fix"]
    assert {"python", "mypy", "sqlite", "workspace"} <= set(found)


def test_the_doctor_says_where_a_setting_is_from_and_never_shows_the_key(tend: Tend) -> None:
    (tend.workspace / "tend.toml").write_text('zone = "Europe/Oslo"\n')
    done = tend("doctor", ANTHROPIC_API_KEY="sk-hidden", TEND_WORKERS="3")

    assert "set (from ANTHROPIC_API_KEY)" in done.stdout
    assert "3 (from TEND_WORKERS)" in done.stdout
    assert "Europe/Oslo (from tend.toml)" in done.stdout
    assert "sk-hidden" not in done.stdout + done.stderr


def test_the_doctor_adds_what_the_sidecar_knows_and_exits_1_on_an_error(inside: Inside, sidecar: Double) -> None:
    broken = views.Health(name="sandbox", state="error", detail="no Landlock", fix="use Linux 6.7")
    again = views.Health(name="workspace", state="ok", detail="as the sidecar sees it")
    sidecar.answers |= {"status": examples.status(), "doctor": [broken, again]}
    done = inside("doctor")

    assert done.returncode == 1
    assert "pid 4242" in done.stdout
    assert "→ use Linux 6.7" in done.stdout
    assert "as the sidecar sees it" in done.stdout
    assert str(inside.workspace) not in done.stdout  # each thing is told once


def test_the_doctor_tells_a_setting_that_cannot_be_used(tend: Tend) -> None:
    done = tend("doctor", TEND_REVIEW="maybe")

    assert done.returncode == 1
    assert "review is 'maybe'" in done.stdout


def test_a_secret_goes_to_its_file_and_not_to_the_sidecar(inside: Inside, sidecar: Double) -> None:
    sidecar.answers["secrets.changed"] = examples.SECRET
    done = inside("secret", "set", "SHOP_TOKEN", stdin="the-value-of-it\n")
    file = inside.workspace / ".tend/secrets/SHOP_TOKEN"
    assert (done.returncode, file.read_text(), file.stat().st_mode & 0o777) == (0, "the-value-of-it", 0o600)
    assert "refund needs your yes: tend secret grant refund SHOP_TOKEN HOST" in done.stdout
    assert "the-value-of-it" not in f"{sidecar.asked} {done.stdout} {done.stderr}"
    assert inside("secret", "rm", "SHOP_TOKEN").returncode == 0
    assert not file.exists()


@pytest.mark.parametrize(
    ("name", "typed", "code", "told"),
    [
        ("SHOP_TOKEN", "", 2, "nothing came on stdin for: Value of SHOP_TOKEN"),
        ("SHOP_TOKEN", "short", 1, "8 is the least"),
        ("shop-token", "the-value-of-it", 1, "capital letters, digits and _"),
    ],
)
def test_what_can_be_no_secret_is_told(
    inside: Inside, sidecar: Double, name: str, typed: str, code: int, told: str
) -> None:
    done = inside("secret", "set", name, stdin=typed)
    assert (done.returncode, sidecar.asked) == (code, [])
    assert told in done.stderr


def test_a_secret_may_be_set_while_no_sidecar_runs(tend: Tend) -> None:
    file = tend.workspace / ".tend/secrets/SHOP_TOKEN"
    assert tend("secret", "set", "SHOP_TOKEN", stdin="the-value-of-it").returncode == 0
    assert file.read_text() == "the-value-of-it"


def test_the_doctor_tells_of_a_secret_that_others_can_read(tend: Tend) -> None:
    tend("secret", "set", "SHOP_TOKEN", stdin="the-value-of-it")
    assert {health["name"]: health for health in tend.json("doctor")}["secrets"]["detail"] == "1 set on this host"
    file = tend.workspace / ".tend/secrets/SHOP_TOKEN"
    file.chmod(0o644)
    done = tend("doctor", "--json")
    secrets = {health["name"]: health for health in json.loads(done.stdout)}["secrets"]
    assert (done.returncode, secrets["state"], secrets["fix"]) == (1, "error", f"chmod 600 {file}")


def test_a_backup_is_asked_for_by_its_whole_path(inside: Inside, sidecar: Double, tmp_path: Path) -> None:
    sidecar.answers["backup"] = examples.BACKUP
    assert inside.json("backup", str(tmp_path / "here" / ".." / "file"))["files"] == 12
    assert inside("backup", "file").returncode == 0
    assert [asked["file"] for _, asked in sidecar.asked] == [
        str(tmp_path / "here" / ".." / "file"),
        str(Path("file").absolute()),
    ]


def test_what_is_no_backup_is_not_restored(inside: Inside, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("nothing of the kind")
    done = inside("restore", str(tmp_path / "file"))
    assert done.returncode == 1
    assert "can't be read as a backup" in done.stderr
    assert "Next: tend status" in done.stderr


def test_many_runs_are_cancelled_upon_a_yes_to_exactly_those(inside: Inside, sidecar: Double) -> None:
    told = [views.RunOutcome(run=examples.RUN, done=True, told="cancelled")]
    sidecar.answers |= {"runs.list": [examples.run(state="waiting")], "runs.cancel_many": told}
    answer = inside("runs", "cancel", "--skill", "price_report", "--state", "waiting", "--since", "2026-11-21", "--yes")
    assert "cancelled" in answer.stdout
    assert "1 of 1 done." in answer.stdout
    listed = {"skill": "price_report", "state": "waiting", "limit": 100}
    assert sidecar.asked[0][1].items() >= listed.items()
    assert sidecar.asked[0][1]["since"].startswith("2026-11-21T00:00:00")
    assert sidecar.asked[-1] == ("runs.cancel_many", {"runs": [examples.RUN], "reason": ""})


def test_those_that_are_not_over_are_found_by_one_look(inside: Inside, sidecar: Double) -> None:
    """Between several, a run may come to another state: it would be missed, or named twice."""
    told = [views.RunOutcome(run=examples.RUN, done=True, told="cancelled")]
    sidecar.answers |= {"runs.list": [examples.run(state="waiting")], "runs.cancel_many": told}
    assert inside("runs", "cancel", "--skill", "price_report", "--yes").returncode == 0
    assert sidecar.commands() == ["runs.list", "runs.cancel_many"]
    assert sidecar.asked[0][1]["state"] == ["queued", "running", "waiting"]
    assert sidecar.asked[-1] == ("runs.cancel_many", {"runs": [examples.RUN], "reason": ""})


def test_null_is_no_other_input(inside: Inside, sidecar: Double) -> None:
    done = inside("runs", "rerun", "a1b2", "--input", "null")
    assert (done.returncode, sidecar.asked) == (2, [])
    assert "null is no other input" in done.stderr


def test_many_runs_are_run_again(inside: Inside, sidecar: Double) -> None:
    told = [views.RunOutcome(run=examples.RUN, done=False, told="no room")]
    sidecar.answers |= {"runs.list": [examples.run(state="failed")], "runs.rerun_many": told}
    answer = inside("runs", "rerun", "--skill", "price_report", "--yes", "--json")
    assert json.loads(answer.stdout) == [{"run": examples.RUN, "done": False, "told": "no room"}]
    assert sidecar.asked[0][1]["state"] == ["failed"]
    assert sidecar.asked[-1] == ("runs.rerun_many", {"runs": [examples.RUN], "version": "active"})


def test_many_runs_are_left_alone_where_nobody_says_which_or_yes(inside: Inside, sidecar: Double) -> None:
    sidecar.answers |= {"runs.list": [examples.run(state="waiting")]}
    assert "say which" in inside("runs", "cancel", "--yes").stderr
    refused = inside("runs", "cancel", "--skill", "price_report")
    assert "nobody is there to say yes" in refused.stderr
    assert refused.returncode == 2
    assert "runs.cancel_many" not in sidecar.commands()


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        (("run", "a1b2", "2.5"), ("run", "a1b2", 2.5, "usd")),
        (("price_report", "$3", "--of", "notices"), ("skill", "price_report", 3.0, "notices")),
        (("month", "default"), ("month", "", None, "usd")),
    ],
)
def test_a_cap_is_set_as_it_is_typed(
    tend: Tend, sidecar: Double, given: tuple[str, ...], asked: tuple[object, ...]
) -> None:
    sidecar.answers["cost.cap"] = examples.CAPS
    assert tend("cost", "cap", *given, "--why", "it may").returncode == 0
    ((_, arguments),) = sidecar.asked
    assert tuple(arguments[name] for name in ("scope", "subject", "amount", "what")) == asked
    assert arguments["why"] == "it may"


@pytest.mark.parametrize(
    "given", [("day",), ("run", "a1b2"), ("a", "b", "c"), ("day", "much"), ("day", "1", "--of", "x")]
)
def test_a_cap_that_is_mistyped_asks_nothing_and_says_what_to_type(
    tend: Tend, sidecar: Double, given: tuple[str, ...]
) -> None:
    done = tend("cost", "cap", *given)
    assert (done.returncode, sidecar.asked) == (2, [])
    assert "Next: tend cost cap --help" in done.stderr
