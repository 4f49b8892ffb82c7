"""A watcher over a real folder, and what it said."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sidecar.watcher import Watcher


@dataclass
class Watched:
    """A workspace that is watched. `reports` are what `on_change` got, in order."""

    workspace: Path
    reports: list[frozenset[str]] = field(default_factory=list)
    contents: dict[str, list[str | None]] = field(default_factory=dict)  # by path, as found at each report
    unmounted: int = 0
    _news: threading.Condition = field(default_factory=threading.Condition)

    def on_change(self, paths: frozenset[str]) -> None:
        with self._news:
            self.reports.append(paths)
            for path in paths:
                file = self.workspace / path
                self.contents.setdefault(path, []).append(file.read_text() if file.is_file() else None)
            self._news.notify_all()

    def on_unmounted(self) -> None:
        with self._news:
            self.unmounted += 1
            self._news.notify_all()

    def until(self, condition: Callable[[], bool], description: str, within: float = 60) -> None:
        with self._news:
            assert self._news.wait_for(condition, within), f"{description}; so far {self.reports[-5:]}"

    def until_reported(self, path: str, content: str | None) -> None:
        """`content` None: deleted."""
        self.until(lambda: self.contents.get(path, ["-"])[-1] == content, f"waited for {path} with {content!r}")

    def until_unmounted(self, times: int) -> None:
        self.until(lambda: self.unmounted >= times, f"waited for on_unmounted, {times} times")

    def save(self, path: str, content: str) -> None:
        """As our own tools do: whole, under another name, then renamed."""
        place = self.workspace / path
        scratch = place.with_name(f".{place.name}.new")
        scratch.write_text(content)
        scratch.rename(place)

    def nothing_reported_about(self, *paths: str) -> None:
        """Saves one more file, and when that is reported, the others must not have been."""
        marker = f"skills/marker{time.monotonic_ns()}.py"
        self.save(marker, "marker")
        self.until_reported(marker, "marker")
        assert not set(paths) & set(self.contents)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    for folder in ("skills", "lib"):
        (tmp_path / "workspace" / folder).mkdir(parents=True)
    return tmp_path / "workspace"


@pytest.fixture
def watched(workspace: Path) -> Iterator[Watched]:
    """Watching has begun, and what existed is reported."""
    watched = Watched(workspace)
    watcher = Watcher(workspace, watched.on_change, watched.on_unmounted)
    (workspace / "skills" / "first.py").write_text("first")
    watcher.start()
    watched.until_reported("skills/first.py", "first")
    yield watched
    watcher.stop()
    assert not [thread for thread in threading.enumerate() if thread.name == "watcher"]
