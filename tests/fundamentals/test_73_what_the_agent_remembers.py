"""The agent's notes and files: what is written at the same time is all kept, and what is too much is refused."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import partial
from pathlib import Path
from threading import Barrier

import pytest

from sidecar.caller import PERSON, Caller, CommandRefused
from sidecar.clock import SystemClock
from sidecar.commands.memory import MemoryCommands
from sidecar.difference import text_hash
from sidecar.memory import Memory
from skills.limits import FILE_AT_MOST

TODAY = date(2026, 11, 27)
ME = Caller(who=PERSON, via="api")


@pytest.fixture(autouse=True)
def impatient() -> Iterator[None]:
    """Threads take turns as often as they can."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


def test_notes_that_are_made_at_the_same_time_are_all_kept(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    notes = [f"note {number}" for number in range(32)]
    path = _at_once([partial(memory.add_note, TODAY, note) for note in notes])[0]
    assert sorted(memory.read(str(path)).splitlines()) == sorted(f"- {note}" for note in notes)


def test_of_two_who_write_upon_the_same_text_one_is_told_to_read_again(tmp_path: Path) -> None:
    commands = MemoryCommands(Memory(tmp_path), SystemClock(), "UTC")

    def write(text: str) -> str:
        try:
            commands.write(ME, "MEMORY.md", text, base=text_hash(""))
        except CommandRefused as error:
            return error.type
        return "written"

    outcomes = _at_once([partial(write, f"text {number}") for number in range(8)])
    assert sorted(map(str, outcomes)) == ["conflict"] * 7 + ["written"]


def test_nothing_is_written_upon_what_is_no_text(tmp_path: Path) -> None:
    """It is shown with signs in place of its letters: to save that would lose them."""
    commands = MemoryCommands(Memory(tmp_path), SystemClock(), "UTC")
    note = Path(commands.note(ME, "one").path)
    for path in (Path("USER.md"), note):
        (tmp_path / path).write_bytes("- Müller\n".encode("latin-1"))
    shown = commands.read(ME, "USER.md")
    for act in (lambda: commands.write(ME, "USER.md", shown.text, base=shown.hash), lambda: commands.note(ME, "two")):
        with pytest.raises(CommandRefused, match="is no UTF-8") as refused:
            act()
        assert refused.value.type == "unreadable"
    assert [(tmp_path / path).read_bytes() for path in ("USER.md", note)] == ["- Müller\n".encode("latin-1")] * 2


def test_more_than_a_file_may_have_is_refused(tmp_path: Path) -> None:
    commands = MemoryCommands(Memory(tmp_path), SystemClock(), "UTC")
    for act in (
        lambda: commands.note(ME, "x" * FILE_AT_MOST),
        lambda: commands.write(ME, "MEMORY.md", "x" * (FILE_AT_MOST + 1)),
    ):
        with pytest.raises(CommandRefused, match="the most one file may have") as refused:
            act()
        assert refused.value.type == "too_large"


def _at_once(acts: list[Callable[[], object]]) -> list[object]:
    start = Barrier(len(acts))

    def act(one: Callable[[], object]) -> object:
        start.wait()
        return one()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(act, acts))
