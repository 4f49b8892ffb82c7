"""A difference is read by other programs, which make the later text of the earlier one by it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from sidecar.difference import unified

NO_LINE_ENDS = "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a\nb\n", "a\nc\n"),
        ("", "a\nb"),
        ("a\nb", "a\nb\n"),
        (f"a\nb{NO_LINE_ENDS}b\nc\n", f"a\nb{NO_LINE_ENDS}c\nc\n"),
        *((f"a{character}a\nb\n", f"a{character}b\nb\n") for character in NO_LINE_ENDS),
    ],
)
def test_git_applies_it(tmp_path: Path, before: str, after: str) -> None:
    file = tmp_path / "skills" / "greeter.py"
    file.parent.mkdir()
    file.write_bytes(before.encode())
    given = unified("greeter", before, after).encode()
    done = subprocess.run(["git", "apply", "--unsafe-paths", "-"], cwd=tmp_path, input=given, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
    assert file.read_bytes() == after.encode()
