"""However a file is saved, the last thing that is reported about it is the complete file."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.watcher.conftest import Watched

OLD = '"""Old."""\n'
NEW = '"""New."""\n' + "x = 1\n" * 200


def in_place(place: Path, text: str) -> None:
    place.write_text(text)


def truncated_and_written_slowly(place: Path, text: str) -> None:
    pause = threading.Event()
    with place.open("w") as file:
        for line in text.splitlines(keepends=True)[:30]:
            file.write(line)
            file.flush()
            pause.wait(0.005)
        file.write("".join(text.splitlines(keepends=True)[30:]))


def renamed(place: Path, text: str) -> None:
    scratch = place.with_name(".scratch")
    scratch.write_text(text)
    scratch.rename(place)


def copied_and_renamed(place: Path, text: str) -> None:
    source = place.parent.parent / "elsewhere"
    source.write_text(text)
    shutil.copy2(source, place.with_name("copy.tmp"))
    place.with_name("copy.tmp").rename(place)


def as_vim_does(place: Path, text: str) -> None:
    """The old file becomes the backup, a new one is written in its place, the backup is deleted."""
    backup = place.with_name(place.name + "~")
    if place.exists():
        place.rename(backup)
    place.with_name("4913").touch()
    place.with_name("4913").unlink()
    place.write_text(text)
    backup.unlink(missing_ok=True)


def appended(place: Path, text: str) -> None:
    before = place.read_text() if place.exists() else ""
    place.write_text(text[: len(text) // 2])
    with place.open("a") as file:
        file.write(text[len(text) // 2 :])
    assert place.read_text() != before


WAYS = [in_place, truncated_and_written_slowly, renamed, copied_and_renamed, as_vim_does, appended]


@pytest.mark.parametrize("save", WAYS)
@pytest.mark.parametrize("path", ["skills/report.py", "lib/prices.py"])
def test_a_new_file_and_a_changed_one(watched: Watched, save: Callable[[Path, str], None], path: str) -> None:
    save(watched.workspace / path, OLD)
    watched.until_reported(path, OLD)
    save(watched.workspace / path, NEW)
    watched.until_reported(path, NEW)
    assert set(watched.contents[path]) == {OLD, NEW}, "a half-written file was reported"


@pytest.mark.parametrize("save", [in_place, renamed])
def test_saves_of_the_same_length_within_a_second(watched: Watched, save: Callable[[Path, str], None]) -> None:
    for digit in "0123456789":
        save(watched.workspace / "skills/report.py", f"x = {digit}\n")
        watched.until_reported("skills/report.py", f"x = {digit}\n")


def test_a_file_is_reported_once_for_each_save(watched: Watched) -> None:
    watched.save("skills/report.py", NEW)
    watched.until_reported("skills/report.py", NEW)
    watched.nothing_reported_about("skills/.report.py.new")
    assert watched.contents["skills/report.py"] == [NEW]


def test_a_burst_of_files(watched: Watched) -> None:
    paths = {f"skills/burst_{number}.py" for number in range(400)}
    for path in paths:
        watched.save(path, path)
    watched.until(lambda: paths <= set(watched.contents), "waited for 400 files")
    assert all(watched.contents[path] == [path] for path in paths)
