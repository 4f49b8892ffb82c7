"""Named places where a test kills the process, as a power cut would.

`TEND_FAILPOINTS` names a file that sidecar, zygote, workers and gateway share with a test. While it is empty, and
without the variable, to pass a place costs next to nothing. Once the test has written `strike journal.finish.before:3`
into it, each pass adds a line, and the third to pass there, in whichever process, is killed with SIGKILL; those who
come later go on. `strike nowhere:1` only counts.
"""

from __future__ import annotations

import os
import signal
from functools import cache
from itertools import count
from pathlib import Path

VARIABLE = "TEND_FAILPOINTS"
STRIKE = "strike "


class _Passes:
    """The file's lines. One is appended whole or not at all, so all processes see them in the same order."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self.file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._numbers = count()

    def is_struck(self, name: str) -> bool:
        if os.fstat(self.file).st_size == 0:
            return False
        mine = f"{name} {os.getpid()}.{next(self._numbers)}"
        os.write(self.file, f"{mine}\n".encode())
        struck, lines = read_passes(self._path)
        here = [line for line in lines if line.startswith(f"{name} ")]
        point, _, times = struck.partition(":")
        return name == point and here.index(mine) + 1 == int(times) if mine in here else False


def read_passes(path: Path) -> tuple[str, list[str]]:
    """The point that is to be struck, as "NAME:TIMES", and who has passed anywhere since that was written."""
    _, _, rest = path.read_text().rpartition(STRIKE)
    struck, *lines = rest.split("\n")
    return struck, lines[:-1]


@cache
def _passes() -> _Passes | None:
    path = os.environ.get(VARIABLE)
    return _Passes(path) if path else None


def failpoint(name: str) -> None:
    passes = _passes()
    if passes is not None and passes.is_struck(name):
        os.kill(os.getpid(), signal.SIGKILL)


def descriptors() -> tuple[int, ...]:
    """What a process has to keep open that passes such places."""
    passes = _passes()
    return (passes.file,) if passes else ()
