"""Folders for the demo: its workspace is a temporary one, and its sidecar's socket wants a short path."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.leftovers import processes_of
from tests.support.waiting import wait_until


@dataclass(frozen=True)
class Folders:
    temporary: Path
    runtime: Path

    @property
    def environment(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "TMPDIR": str(self.temporary), "XDG_RUNTIME_DIR": str(self.runtime)}

    @property
    def workspaces(self) -> list[Path]:
        return list(self.temporary.glob("tend-demo-*"))


@pytest.fixture(scope="module")
def folders() -> Iterator[Folders]:
    """On the way out no process of the demo may be left."""
    short = Path(tempfile.mkdtemp(prefix="tend-"))
    found = Folders(short / "tmp", short / "run")
    for made in (found.temporary, found.runtime):
        made.mkdir(mode=0o700)
    yield found
    wait_until(lambda: not processes_of(short), "the demo has left no process", within=15)
    shutil.rmtree(short)
