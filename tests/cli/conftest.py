"""A workspace with a double of the sidecar on its socket, and the real `tend` to talk to it."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, Protocol
from unittest.mock import patch

import pytest

from harness.cli import main
from sidecar.client import load_settings

from .double import Double

TEND = Path(sys.executable).with_name("tend")


class Command(Protocol):
    """`tend` with one workspace's environment: the executable, or the same inside the test's process."""

    workspace: Path

    def __call__(self, *arguments: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]: ...

    def json(self, *arguments: str) -> Any:
        done = self(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


class Inside(Command):
    """Without a process, which takes a third of a second to start."""

    def __init__(self, workspace: Path) -> None:
        self.workspace = workspace

    def __call__(self, *arguments: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        out, err = io.StringIO(), io.StringIO()
        with (
            redirect_stdout(out),
            redirect_stderr(err),
            patch.object(sys, "stdin", io.StringIO(stdin)),
            patch.dict(os.environ, environment),
        ):
            code = main(arguments)
        return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())


class Tend(Command):
    """The executable, with an environment of its own."""

    def __init__(self, workspace: Path, environment: dict[str, str]) -> None:
        self.workspace = workspace
        self.environment = environment

    def __call__(self, *arguments: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [TEND, *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=30,
            env=self.environment | environment,
            check=False,
        )

    def start(self, *arguments: str, **pipes: Any) -> subprocess.Popen[str]:
        return subprocess.Popen([TEND, *arguments], env=self.environment, text=True, **pipes)


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the socket lies: a short path, since a socket's may have 107 bytes at most."""
    folder = Path(tempfile.mkdtemp(prefix="tend-"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    monkeypatch.setenv("TEND_WORKSPACE", str(folder))
    return folder


@pytest.fixture
def tend(workspace: Path, runtime: Path) -> Tend:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    own = {
        "TEND_WORKSPACE": str(workspace),
        "XDG_RUNTIME_DIR": str(runtime),
        "TEND_WEB_PORT": "0",
        "TERM": "xterm-256color",
        "PROMPT_TOOLKIT_NO_CPR": "1",
    }
    return Tend(workspace, kept | own)


@pytest.fixture
def inside(workspace: Path, runtime: Path, monkeypatch: pytest.MonkeyPatch) -> Inside:
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    return Inside(workspace)


@pytest.fixture
def sidecar(workspace: Path, runtime: Path) -> Iterator[Double]:
    double = Double(load_settings(workspace=workspace).socket).start()
    yield double
    double.stop()
