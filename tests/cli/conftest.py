"""A workspace with a double of the sidecar on its socket, and the real `tend` to talk to it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sidecar.client import load_settings

from .double import Double

TEND = Path(sys.executable).with_name("tend")


@dataclass(frozen=True)
class Tend:
    """The executable in one workspace, with an environment of its own."""

    workspace: Path
    environment: dict[str, str]

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

    def json(self, *arguments: str) -> Any:
        done = self(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

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
    own = {"TEND_WORKSPACE": str(workspace), "XDG_RUNTIME_DIR": str(runtime), "TERM": "xterm-256color"}
    return Tend(workspace, kept | own)


@pytest.fixture
def sidecar(workspace: Path, runtime: Path) -> Iterator[Double]:
    double = Double(load_settings(workspace=workspace).socket).start()
    yield double
    double.stop()
