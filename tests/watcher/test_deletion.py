"""What was seen and is gone is reported; what was never seen, or went with its whole folder, is not."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest

from sidecar.watcher import Watcher
from tests.watcher.conftest import Watched


def test_a_deleted_file_is_reported(watched: Watched) -> None:
    (watched.workspace / "skills/first.py").unlink()
    watched.until_reported("skills/first.py", None)


def test_a_renamed_file_is_a_deletion_and_a_new_file(watched: Watched) -> None:
    (watched.workspace / "skills/first.py").rename(watched.workspace / "skills/second.py")
    watched.until_reported("skills/first.py", None)
    watched.until_reported("skills/second.py", "first")


def test_a_file_moved_out_of_a_folder_of_helpers(watched: Watched) -> None:
    (watched.workspace / "lib/shop").mkdir()
    (watched.workspace / "lib/shop/prices.py").write_text("prices")
    watched.until_reported("lib/shop/prices.py", "prices")
    shutil.rmtree(watched.workspace / "lib/shop")
    watched.until_reported("lib/shop/prices.py", None)
    assert watched.unmounted == 0


def test_a_folder_that_vanishes_as_a_whole_deletes_nothing(watched: Watched) -> None:
    (watched.workspace / "skills").rename(watched.workspace / "away")
    watched.until_unmounted(1)
    (watched.workspace / "away").rename(watched.workspace / "skills")
    watched.until(lambda: watched.contents["skills/first.py"] == ["first", "first"], "it came back")


def test_an_empty_folder_in_its_place_deletes_nothing(watched: Watched) -> None:
    """A volume's mount point is still there when the volume is not."""
    (watched.workspace / "mount_point").mkdir()
    (watched.workspace / "skills").rename(watched.workspace / "away")
    (watched.workspace / "mount_point").rename(watched.workspace / "skills")
    watched.until_unmounted(1)
    watched.save("skills/other.py", "other")
    watched.until_reported("skills/other.py", "other")
    assert watched.contents["skills/first.py"] == ["first"]


def test_a_workspace_that_comes_later_and_again(tmp_path: Path) -> None:
    workspace = tmp_path / "later"
    watched = Watched(workspace)
    watcher = Watcher(workspace, watched.on_change, watched.on_unmounted)
    watcher.start()
    try:
        for times, content in enumerate(("one", "two", "three"), start=1):
            (workspace / "skills").mkdir(parents=True)
            watched.save("skills/a.py", content)
            watched.until_reported("skills/a.py", content)
            workspace.rename(tmp_path / f"gone_{content}")
            watched.until_unmounted(times)
    finally:
        watcher.stop()


def test_a_listener_that_fails_does_not_end_the_watch(workspace: Path) -> None:
    said: list[frozenset[str]] = []
    heard = threading.Semaphore(0)

    def on_change(paths: frozenset[str]) -> None:
        said.append(paths)
        heard.release()
        raise RuntimeError("a mistake of the listener")

    watcher = Watcher(workspace, on_change)
    watcher.start()
    for name in ("a", "b"):
        (workspace / f"skills/{name}.py").write_text(name)
        assert heard.acquire(timeout=10)
    watcher.stop()
    assert said == [frozenset({"skills/a.py"}), frozenset({"skills/b.py"})]


def test_where_no_hints_are_to_be_had_it_looks_all_the_same(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """inotify has a limit for each user, which other programs may have used up."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError("OS file watch limit reached")

    monkeypatch.setattr("sidecar.watcher.RustNotify", refuse)
    watched = Watched(workspace)
    watcher = Watcher(workspace, watched.on_change)
    watcher.start()
    watched.save("skills/first.py", "first")
    watched.until_reported("skills/first.py", "first")
    (workspace / "skills/first.py").unlink()
    watched.until_reported("skills/first.py", None)
    watcher.stop()
