"""The guide's code is what an author would save: it is typed, and it runs."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

import skills
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
