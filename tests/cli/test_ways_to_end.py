"""Exit codes, and errors that end with the next command to type."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path

import pytest

from . import examples
from .conftest import TEND, Inside, Tend
from .double import Double, Refusal


def test_help_loads_nothing_that_takes_long(tend: Tend) -> None:
    tend.environment["PYTHONPROFILEIMPORTTIME"] = "1"
    done = tend("--help")

    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert done.returncode == 0
    assert {"harness", "typer"} <= loaded
    assert not loaded & {"anthropic", "httpx2", "mypy", "prompt_toolkit", "pydantic", "sidecar", "sqlalchemy"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["skills", "list"],
        ["skills", "show", "x"],
        ["runs", "list"],
        ["review", "latest"],
        ["approvals", "list"],
        ["notices"],
        ["events", "list"],
        ["emit", "tick"],
        ["status"],
        ["chat", "-p", "hello"],
        ["-p", "hello"],
    ],
)
def test_without_a_sidecar_each_command_says_tend_up_and_exits_3(tend: Tend, arguments: list[str]) -> None:
    done = tend(*arguments)

    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.rstrip().endswith("Next: tend up")


def test_an_error_in_json_has_its_type_message_and_next_command(tend: Tend) -> None:
    done = tend("status", "--json")

    error = json.loads(done.stderr)["error"]
    assert (done.returncode, done.stdout) == (3, "")
    assert (error["type"], error["next"]) == ("not_running", "tend up")
    assert str(tend.workspace) in error["message"]


def test_the_next_command_is_for_the_same_workspace(tend: Tend) -> None:
    assert tend("status", "--workspace", "/elsewhere").stderr.rstrip().endswith("tend up --workspace /elsewhere")
    assert tend("--workspace", "/elsewhere", "status").stderr.rstrip().endswith("tend up --workspace /elsewhere")


@pytest.mark.parametrize(
    ("arguments", "next_"),
    [
        (["skills", "show"], "tend skills show --help"),
        (["skills", "nonsense"], "tend skills --help"),
        (["runs", "list", "--state", "odd"], "tend runs list --help"),
        (["--nonsense"], "tend --help"),
        (["-p", "hello", "status"], "tend chat --help"),
        (["chat"], 'tend chat -p "…"'),
    ],
)
def test_a_misread_command_line_exits_2(tend: Tend, arguments: list[str], next_: str) -> None:
    done = tend(*arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.rstrip().endswith(f"Next: {next_}")
    assert json.loads(tend(*arguments, "--json").stderr)["error"]["type"] == "usage"


def test_a_group_alone_shows_its_help(tend: Tend) -> None:
    done = tend("skills")

    assert (done.returncode, done.stderr) == (2, "")
    assert "restore" in done.stdout


def test_a_setting_that_cannot_be_used_exits_2(tend: Tend) -> None:
    done = tend("status", TEND_WORKERS="many")

    assert done.returncode == 2
    assert "workers is 'many'" in done.stderr


@pytest.mark.parametrize(
    ("toml", "told"),
    [
        (b'zone = "Foo/Bar"', "zone is 'Foo/Bar'; it is the IANA name"),
        (b'zone = "../zone"', "zone is '../zone'"),
        (b'zone = ""', "zone is ''"),
        (b'review_cron = "0 10 * *"', "review_cron is '0 10 * *'; it is five fields of cron"),
        (b'review_cron = "0 10 * * 5 *"', "review_cron is '0 10 * * 5 *'"),
        (b"workers = 0", "workers is 0; 1 is the least"),
        (b"workers = [8]", "workers is [8]; a value of type int"),
        (b"workers = inf", "workers is inf; a value of type int"),
        (b"budget_day_usd = nan", "budget_day_usd is nan"),
        (b"budget_day_usd = inf", "budget_day_usd is inf"),
        (b"fallback_price = -1", "fallback_price is -1; 0 is the least"),
        (b'zone = "\xff"', "tend.toml is not UTF-8"),
        (None, "tend.toml can't be read: Is a directory"),
    ],
)
def test_a_setting_that_could_not_work_is_told_and_the_doctor_tells_it_too(
    inside: Inside, toml: bytes | None, told: str
) -> None:
    file = inside.workspace / "tend.toml"
    file.mkdir() if toml is None else file.write_bytes(toml)
    done = inside("status")
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    examined = inside("doctor")
    assert examined.returncode == 1
    assert told in examined.stdout


def test_what_the_doctor_can_not_look_at_is_one_row_of_many(inside: Inside) -> None:
    (inside.workspace / ".tend").mkdir()
    (inside.workspace / ".tend" / "secrets").write_text("in the way")
    done = inside("doctor", "--json")
    found = {health["name"]: health for health in json.loads(done.stdout)}
    assert (done.returncode, found["secrets"]["state"], found["workspace"]["state"]) == (1, "error", "ok")


def test_a_folder_that_cannot_be_written_to_is_told_without_a_traceback(tend: Tend) -> None:
    (tend.workspace / ".tend").write_text("in the way")
    done = tend("up")

    assert (done.returncode, done.stdout) == (1, "")
    assert "File exists" in done.stderr
    assert done.stderr.rstrip().endswith("Next: tend doctor")


def test_what_the_sidecar_refuses_exits_1(tend: Tend, sidecar: Double) -> None:
    def refuse(_: object) -> object:
        raise Refusal(404, "not_found", "there is no skill 'nope'")

    sidecar.answers["skills.show"] = refuse
    done = tend("skills", "show", "nope")

    assert (done.returncode, done.stdout) == (1, "")
    assert "there is no skill 'nope'" in done.stderr
    assert done.stderr.rstrip().endswith("Next: tend skills list")


@pytest.mark.parametrize(
    ("arguments", "asked", "said", "next_"),
    [
        (["why", "nope"], "skills.why", "there is no skill 'nope'. See what there is: tend skills list", "skills list"),
        (["cost", "cap", "nope", "3"], "cost.cap", "there is no skill 'nope'. See: tend skills list", "skills list"),
        (
            ["secret", "grant", "nope", "A", "b.example"],
            "secrets.grant",
            "no skill. See: tend skills list",
            "skills list",
        ),
        (["emit", "hook.x", "{}"], "events.emit", "'hook.x' is a webhook's", "emit --help"),
        (["skills", "show", "x"], "skills.show", "x is deleted. Earlier: tend skills history x.", "skills history x"),
        (["runs", "rerun", "a1"], "runs.show", "a1 is running", "runs list"),
    ],
)
def test_the_next_command_is_the_one_that_the_sidecar_names(
    inside: Inside, sidecar: Double, arguments: list[str], asked: str, said: str, next_: str
) -> None:
    def refuse(_: object) -> object:
        raise Refusal(400, "refused", said)

    sidecar.answers[asked] = refuse
    assert inside(*arguments).stderr.rstrip().endswith(f"Next: tend {next_}")


def test_the_doctor_says_what_to_type_for_the_same_workspace(tend: Tend, tmp_path: Path) -> None:
    other = tmp_path / "other"
    found = {health["name"]: health for health in tend.json("doctor", "--workspace", str(other))}
    assert found["sidecar"]["fix"] == f"tend up --workspace {other}"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["skills", "run", "x", "--input", "@nofile"], "✗ there is no file nofile\n"),
        (["emit", "x", "@nofile"], "✗ there is no file nofile\n"),
        (["emit", "x", "@/"], "✗ the payload can't be read: Is a directory\n"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(inside: Inside, arguments: list[str], told: str) -> None:
    done = inside(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(told)


@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_a_run_that_nobody_follows_any_more_is_named(tend: Tend, sidecar: Double, flags: list[str]) -> None:
    sidecar.answers |= {
        "skills.run": examples.run(state="queued"),
        "runs.show": examples.run_detail(run=examples.run(state="running")),
    }
    process = tend.start("skills", "run", "slow", *flags, stdout=-1, stderr=-1, stdin=-3)
    sidecar.wait_until(lambda: sidecar.streams == 1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)

    assert (process.returncode, out) == (130, "")
    next_ = f"tend runs show {examples.RUN}"
    if flags:
        error = json.loads(err)["error"]
        assert (error["type"], error["next"]) == ("interrupted", next_)
    else:
        assert err.rstrip().endswith(f"Next: {next_}")


def test_an_answer_in_other_words_is_told_as_another_version(tend: Tend, sidecar: Double) -> None:
    sidecar.answers["status"] = {"odd": 1}
    done = tend("status", "--json")

    assert (done.returncode, json.loads(done.stderr)["error"]["type"]) == (1, "version")


def test_a_reader_who_has_enough_is_no_error(tend: Tend, sidecar: Double) -> None:
    sidecar.answers["runs.list"] = [examples.run(id=f"{number:016x}") for number in range(2_000)]
    process = tend.start("runs", "list", stdout=-1, stderr=-1)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()

    assert process.wait(20) == 0
    assert process.stderr.read() == ""
    process.stderr.close()


def test_a_reader_who_has_enough_of_a_broken_machine_is_none_either(tend: Tend) -> None:
    tend.environment["TEND_WORKERS"] = "many"
    process = tend.start("doctor", "--json", stdout=-1, stderr=-1)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()

    assert process.wait(60) == 1
    assert process.stderr.read() == ""
    process.stderr.close()


@pytest.mark.parametrize(
    ("arguments", "given"),
    [
        (["chat"], b"\xff"),
        (["emit", "x", "-"], b"\xff"),
        (["secret", "set", "SHOP_TOKEN"], b"12345678\xff"),
        (["emit", "x", "-"], b"[" * 99_999),
    ],
)
def test_input_that_can_not_be_read_is_told_without_a_traceback(tend: Tend, arguments: list[str], given: bytes) -> None:
    done = subprocess.run(
        [TEND, *arguments],
        input=given,
        capture_output=True,
        env=tend.environment | {"PYTHONIOENCODING": "utf-8:strict"},
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"Traceback" not in done.stderr
    assert b"Next: " in done.stderr


def test_what_only_the_leading_host_can_do_says_where_to_look(tend: Tend, sidecar: Double) -> None:
    def refuse(_: object) -> object:
        raise Refusal(409, "not_leading", "it needs the workspace's files, and another host leads")

    sidecar.answers["skills.show"] = refuse
    done = tend("skills", "show", "price_report")

    assert done.returncode == 1
    assert done.stderr.rstrip().endswith("Next: tend status")
