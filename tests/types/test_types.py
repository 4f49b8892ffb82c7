"""mypy strict lets good skills pass, and refuses each mistake with one message that says what to change."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import skills

HERE = Path(__file__).parent
PROJECT = Path(skills.__file__).parent.parent
MYPY = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--no-error-summary"]


def check(folder: Path, cache: Path) -> dict[tuple[str, int], list[str]]:
    """mypy's errors, with the notes that belong to them, by file and line."""
    done = subprocess.run(
        [*MYPY, f"--cache-dir={cache}", *map(str, sorted(folder.glob("*.py")))],
        cwd=cache.parent,
        env={**os.environ, "MYPYPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert not done.stderr, done.stderr
    found: defaultdict[tuple[str, int], list[str]] = defaultdict(list)
    for line in done.stdout.splitlines():
        match = re.match(r"(.+?):(\d+): (error|note): (.*)", line)
        assert match, line
        messages = found[Path(match[1]).name, int(match[2])]
        if match[3] == "error" or not messages:
            messages.append(match[4])
        else:
            messages[-1] += "\n" + match[4]
    return found


def wanted(folder: Path) -> dict[tuple[str, int], tuple[str, str]]:
    return {
        (path.name, number): (match[1], match[2])
        for path in folder.glob("*.py")
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if (match := re.search(r"  # (E\+?): (.*)$", line))
    }


def test_good_skills_pass(tmp_path: Path) -> None:
    assert check(HERE / "good", tmp_path / "cache") == {}


def test_each_mistake_gets_its_message(tmp_path: Path) -> None:
    """`# E:` wants exactly one error in the line; `# E+:` lets mypy add others to it."""
    marks = wanted(HERE / "bad")
    errors = check(HERE / "bad", tmp_path / "cache")
    assert len(marks) >= 20
    assert set(errors) - set(marks) == set(), "mypy complains where nothing is marked"
    for place, (kind, fragment) in marks.items():
        messages = errors.get(place, [])
        assert any(fragment in message for message in messages), f"{place}: {fragment!r} not in {messages}"
        assert kind == "E+" or len(messages) == 1, f"{place}: {messages}"
