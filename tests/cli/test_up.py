"""`tend up`: it starts the sidecar, tells what happens, starts it again after a crash, and stops it when told to."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import sidecar as real_sidecar

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
def running(tend: Tend, *arguments: str, cwd: Path | None = None) -> Iterator[subprocess.Popen[str]]:
    with tend.start("up", *arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=cwd) as process:
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


def test_after_a_crash_it_is_started_again(up: Tend) -> None:
    with running(up) as process:
        first = pid_in(read_until(process, "tend chat"))
        os.kill(first, signal.SIGKILL)
        told = read_until(process, "up again")

    assert "The sidecar has ended (killed by SIGKILL); starting it again in 0.5 s" in told
    assert pid_in(told.splitlines()[-1]) != first


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


def test_a_module_in_the_current_folder_is_not_run(up: Tend) -> None:
    """The folder may be the workspace, where an agent writes."""
    (up.workspace / "json.py").write_text("raise SystemExit('the wrong json')")
    with running(up, cwd=up.workspace) as process:
        assert "Tend is up" in read_until(process, "tend chat")
