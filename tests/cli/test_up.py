"""`tend up`: it starts the sidecar, tells what happens, starts it again after a crash, and stops it when told to."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import sidecar as real_sidecar
from harness.cli.announcer import Announcer
from harness.cli.supervisor import STOPPERS
from harness.cli.terminal import Terminal
from sidecar.client import Client, views

from . import examples
from .conftest import Tend

STAND_IN = Path(__file__).with_name("stand_in")
ROOT = Path(__file__).parents[2]


@pytest.fixture
def up(tend: Tend) -> Tend:
    """`tend` whose sidecar is the stand-in's process."""
    tend.environment["PYTHONPATH"] = f"{STAND_IN}{os.pathsep}{ROOT}"
    tend.environment["REAL_SIDECAR"] = str(Path(real_sidecar.__path__[0]))
    return tend


@contextmanager
def running(
    tend: Tend, *arguments: str, cwd: Path | None = None, ignored: Collection[signal.Signals] = ()
) -> Iterator[subprocess.Popen[str]]:
    def inherit() -> None:
        """These tests may themselves run where a signal is ignored, as in the background of a script."""
        for number in STOPPERS:
            signal.signal(number, signal.SIG_IGN if number in ignored else signal.SIG_DFL)

    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with tend.start("up", *arguments, **pipes, cwd=cwd, preexec_fn=inherit) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
                process.communicate(timeout=20)


def read_until(process: subprocess.Popen[str], told: str) -> str:
    """What it has printed, up to the line with `told`."""
    assert process.stdout is not None
    read = ""
    for line in process.stdout:
        read += line
        if told in line:
            return read
    raise AssertionError(f"it ended without {told!r}:\n{read}")


def pid_in(text: str) -> int:
    found = re.search(r"pid (\d+)", text)
    assert found, text
    return int(found[1])


def test_it_says_what_a_person_needs_and_then_what_happens(up: Tend) -> None:
    with running(up) as process:
        welcome = read_until(process, "tend chat")
        happened = read_until(process, "tend review latest")

    for told in ("Tend is up", str(up.workspace), "UTC", "claude-opus-5-5", "2 skills", "next up"):
        assert told in welcome
    lines = [
        "price_report is refused: 1 problem",
        "skills/price_report.py:12:16: Incompatible",
        "Fix: Return the number",
        "infra_health passes the check",
        "infra_health is live",
        "price_report failed (a1b2c3d4e5f60718, cron 0 9 * * 1)",
        "503 from prices.example.com",
        "tend runs show a1b2c3d4e5f60718",
        "price_report → #prices: Bread is up.",
        "waits for you: Send it?",
        "a revision of price_report is proposed",
    ]
    places = [happened.index(line) for line in lines]
    assert places == sorted(places)
    assert "agent" not in happened  # the chat tells its own runs
    assert "fetch" not in happened
    assert "has failed" not in happened  # the run's own line says so


def test_in_json_it_prints_each_moment_on_a_line(up: Tend) -> None:
    with running(up, "--json") as process:
        read = read_until(process, '"proposal"')

    assert [json.loads(line)["topic"] for line in read.splitlines()][:2] == ["check", "check"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0), (signal.SIGHUP, 0)])
def test_a_signal_stops_it_and_the_sidecar_gracefully(up: Tend, number: signal.Signals, code: int) -> None:
    with running(up) as process:
        read_until(process, "tend chat")
        process.send_signal(number)
        rest, _ = process.communicate(timeout=20)

    assert process.returncode == code
    assert "Tend is down" in rest
    assert "the stand-in ends" in (up.workspace / ".tend" / "sidecar.log").read_text()
    assert up("status").returncode == 3


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT])
def test_a_signal_that_it_was_told_to_ignore_does_not_stop_it(up: Tend, number: signal.Signals) -> None:
    """As nohup does with a logout, and a script with Ctrl-C for what it has put in the background."""
    with running(up, ignored=[number]) as process:
        pid = pid_in(read_until(process, "tend chat"))
        process.send_signal(number)
        os.kill(pid, signal.SIGKILL)
        assert "up again" in read_until(process, "up again")


def test_what_keeps_a_restarted_sidecar_from_answering_does_not_end_it(up: Tend) -> None:
    with running(up) as process:
        first = pid_in(read_until(process, "tend chat"))
        (up.workspace / "broken disk").touch()
        os.kill(first, signal.SIGKILL)
        assert "status failed: disk I/O error" in read_until(process, "up again, but")
        assert process.poll() is None


def test_after_a_crash_it_is_started_again(up: Tend) -> None:
    with running(up) as process:
        first = pid_in(read_until(process, "tend chat"))
        os.kill(first, signal.SIGKILL)
        told = read_until(process, "up again")

    assert "The sidecar has ended (killed by SIGKILL); starting it again in 0.5 s" in told
    assert pid_in(told.splitlines()[-1]) != first


def test_what_happened_is_told_also_where_the_sidecar_has_gone_since(
    workspace: Path, runtime: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of what another one does, this moment is no part."""
    failed = {"run": examples.RUN, "skill": "price_report", "state": "failed", "trigger": "cron 0 9 * * 1"}
    moment = views.Moment(id=1, at=examples.NOW, topic="run", data={**failed})
    terminal = Terminal(workspace=workspace)
    with Client(terminal.settings) as client:
        Announcer(terminal)._tell(client, moment)
    assert "price_report failed" in capsys.readouterr().out


def test_a_second_one_says_which_pid_runs_already(up: Tend) -> None:
    with running(up) as process:
        pid = pid_in(read_until(process, "tend chat"))
        second = up("up")

    assert second.returncode == 1
    assert f"runs already for {up.workspace}, as pid {pid}" in second.stderr
    assert second.stderr.rstrip().endswith("Next: tend status")


def test_a_failed_start_shows_the_end_of_the_log(up: Tend) -> None:
    done = up("up", STAND_IN="broken")

    assert (done.returncode, done.stdout) == (1, "")
    assert "exit code 1" in done.stderr
    assert "the store is damaged" in done.stderr
    assert done.stderr.rstrip().endswith("Next: tend doctor")
    elsewhere = up("up", "--workspace", str(up.workspace), STAND_IN="broken")
    assert elsewhere.stderr.rstrip().endswith(f"Next: tend doctor --workspace {up.workspace}")


def test_a_start_that_takes_long_says_where_to_look(up: Tend) -> None:
    up.environment["STAND_IN"] = "waiting"
    with running(up) as process:
        told = read_until(process, "has not answered yet")
        assert str(up.workspace / ".tend" / "sidecar.log") in told
        (up.workspace / "go on").touch()
        read_until(process, "tend chat")


def test_a_module_in_the_current_folder_is_not_run(up: Tend) -> None:
    """The folder may be the workspace, where an agent writes."""
    (up.workspace / "json.py").write_text("raise SystemExit('the wrong json')")
    with running(up, cwd=up.workspace) as process:
        assert "Tend is up" in read_until(process, "tend chat")
