"""Whoever reads a skill's text is locked in like whoever executes it: a hole in a parser is no way out. (I13)"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from sidecar.checker.limited import Finished, Limits, run_limited
from sidecar.isolation.tiers import reached

pytestmark = pytest.mark.skipif(
    reached().tier != "locked", reason=f"this machine reaches {reached().tier}: {reached().because}"
)

ATTEMPTS: Mapping[str, str] = {
    "read": "open('SECRET').read()",
    "write": "open('SECRET', 'w')",
    "list": "import os; os.listdir('/')",
    "connect": "import socket; socket.create_connection(('127.0.0.1', 1))",
    "fork": "import os; os.fork()",
    "exec": "import os; os.execv('/bin/true', ['true'])",
    "signal": "import os; os.kill(os.getppid(), 0)",
}


def execute(code: str, scratch: Path, *reads: Path) -> Finished:
    """In a process of the checker; the standard library's timeit executes what it is given."""
    return run_limited("timeit", "-n1", "-r1", code, scratch=scratch, reads=reads, limits=Limits(wall_seconds=60))


def test_it_has_its_folder_what_it_is_to_read_and_nothing_else(tmp_path: Path) -> None:
    secret, scratch = tmp_path / "secret", tmp_path / "scratch"
    secret.write_text("nobody's")
    scratch.mkdir()
    said = {what: execute(code.replace("SECRET", str(secret)), scratch).errors for what, code in ATTEMPTS.items()}
    assert [what for what, errors in said.items() if "PermissionError" not in errors] == []
    assert execute(f"open('{secret}').read(); open('own', 'w').write('mine')", scratch, secret).status == 0
    assert (scratch / "own").read_text() == "mine"
    assert secret.read_text() == "nobody's"
