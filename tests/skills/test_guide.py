"""The guide's code is what an author would save: it is typed, and it runs."""

from __future__ import annotations

import inspect
import os
import re
import runpy
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

import skills
from sidecar.execution import attempt, body_time, shell
from sidecar.gateway import fetch
from sidecar.journal import steps
from skills.limits import FILE_AT_MOST, WAIT_AT_MOST
from skills.testing import Rehearsal, rehearse
from tests.skills.guide import GUIDE, blocks, write_workspace

PROJECT = Path(skills.__file__).parent.parent


def test_every_block_passes_mypy_strict(tmp_path: Path) -> None:
    paths = write_workspace(tmp_path / "workspace")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={tmp_path / 'cache'}"]
        + [str(path) for path in paths if path.parent.name != "lib"],
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": f"{PROJECT}:{tmp_path / 'workspace'}"},
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", [path for path in blocks() if path.startswith("tests/")])
def test_every_test_in_the_guide_passes(path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_workspace(tmp_path)
    monkeypatch.chdir(tmp_path)
    tests = [value for name, value in runpy.run_path(path).items() if name.startswith("test_")]
    assert tests
    for test in tests:
        test()


def test_every_skill_in_the_guide_is_rehearsed_in_the_guide() -> None:
    names = {Path(path).stem for path in blocks()}
    assert {f"test_{name}" for name in names if f"skills/{name}.py" in blocks()} <= names


def test_the_guide_names_the_whole_surface() -> None:
    text = GUIDE.read_text("utf-8")
    internal = {"InsideStep", "Misdeclared", "OutsideStep", "TendError", "Step", "Irreversible"}
    assert [name for name in skills.__all__ if name not in text and name not in internal] == []


def test_the_limits_that_the_guide_tells_are_those_that_are_held() -> None:
    text = " ".join(GUIDE.read_text("utf-8").split())
    mebibyte = 1024 * 1024
    assert FILE_AT_MOST == steps.VALUE_AT_MOST == shell.OUTPUT_AT_MOST == mebibyte
    assert "1 MiB for a step's arguments, result and file, the output, a program's input and output" in text
    assert f"{fetch.MAX_CONTENT // mebibyte} MiB for a reply" in text
    a_program = inspect.signature(skills.shell.run).parameters["timeout"].default
    assert a_program == timedelta(minutes=1)
    assert f"{attempt.STEP_WITHIN / 60:g} min for a try, 1 min for a program, without `timeout=`" in text
    a_body = f"{body_time.PROCESSOR_AT_MOST:g} s of processor time ({body_time.IN_ALL:g} s in all) between two steps"
    assert a_body in text
    assert f"{steps.STEPS_AT_MOST:,} steps and {steps.RETRIES_AT_MOST:,} retries a run" in text
    assert f"waits, up to {WAIT_AT_MOST / 86400:g} days" in text


def test_what_the_guide_says_of_rehearsals_is_their_whole_signature() -> None:
    text = GUIDE.read_text("utf-8")
    shipped = {"commands", "answers"}  # for the skills that ship with Tend
    told = re.search(r"`rehearse\((.*)\)`", text)
    assert told
    options = {name for name in inspect.signature(rehearse).parameters if name not in shipped}
    assert options <= set(re.findall(r"\w+", told[1]))
    assert [name for name in Rehearsal.__annotations__ if f"`.{name}`" not in text and name[0] != "_"] == []


def test_the_guides_tests_run_as_it_says(tmp_path: Path) -> None:
    write_workspace(tmp_path)
    done = subprocess.run(
        [Path(sys.executable).with_name("pytest"), "-q", "-p", "no:cacheprovider", "tests"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert done.returncode == 0, done.stdout + done.stderr
