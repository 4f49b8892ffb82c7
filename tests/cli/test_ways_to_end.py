"""Exit codes, and errors that end with the next command to type."""

from __future__ import annotations

import json

import pytest

from . import examples
from .conftest import Tend
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


def test_what_only_the_leading_host_can_do_says_where_to_look(tend: Tend, sidecar: Double) -> None:
    def refuse(_: object) -> object:
        raise Refusal(409, "not_leading", "it needs the workspace's files, and another host leads")

    sidecar.answers["skills.show"] = refuse
    done = tend("skills", "show", "price_report")

    assert done.returncode == 1
    assert done.stderr.rstrip().endswith("Next: tend status")
