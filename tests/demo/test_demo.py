"""`tend demo`, as a person sees it who has just installed Tend: one command, no key, no network."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.demo.conftest import Folders

TEND = Path(sys.executable).with_name("tend")


@dataclass(frozen=True)
class Told:
    code: int
    lines: list[str]
    errors: str

    @property
    def text(self) -> str:
        """As one line, however it was wrapped."""
        return " ".join(" ".join(self.lines).split())


@pytest.fixture(scope="module")
def told(folders: Folders) -> Told:
    done = subprocess.run(
        [TEND, "demo"], capture_output=True, text=True, timeout=200, env=folders.environment, check=False
    )
    return Told(done.returncode, done.stdout.splitlines(), done.stderr)


def test_it_ends_well_by_itself(told: Told) -> None:
    assert told.code == 0, told.text + told.errors


def test_it_says_first_and_last_that_the_model_is_scripted(told: Told) -> None:
    assert "scripted model" in told.lines[0]
    assert "The model was scripted: this showed the harness, not a model's talent." in told.lines[-8:]


def test_the_check_refuses_the_first_try_and_the_repair_goes_live(told: Told) -> None:
    assert 'Item "None" of "Match[str] | None" has no attribute "group"' in told.text
    assert "writes lamp_prices (a page may have no price): live as" in told.text
    assert "every second; next" in told.text


def test_an_edit_during_a_run_waits_for_the_next_one(told: Told) -> None:
    assert "is running still" in told.text
    assert "said 'luna " in told.text
    assert "said 'Luna: " in told.text


def test_the_review_finds_the_silent_drift_and_the_revision_ends_it(told: Told) -> None:
    assert "5 wrong reports, all of them succeeded. Failed today: 0." in told.text
    assert "lamp_prices: stale output" in told.text
    assert """+PRICE = r'itemprop="price" content="([0-9.]+)"'""" in told.text
    assert "your edit by hand is in it" in told.text


def test_a_finished_step_is_not_run_again_after_the_kill(told: Told) -> None:
    assert "1 lost, 2 succeeded" in told.text
    assert "luna answered, sol caller gone, sol answered" in told.text


def test_it_can_be_read_in_a_pipe_of_eighty_columns(told: Told) -> None:
    assert not [line for line in told.lines if len(line) > 80 or line != line.rstrip() or "\x1b" in line]
    assert len(told.lines) < 130


def test_it_leaves_nothing_behind(told: Told, folders: Folders) -> None:
    assert told.code == 0
    assert folders.workspaces == []
    assert not [path for path in folders.runtime.rglob("*") if path.is_socket()]
