"""`tend` as a person has it: on a terminal."""

from __future__ import annotations

import os
import pty
import select
from collections.abc import Iterator
from contextlib import contextmanager
from subprocess import Popen

from .conftest import Tend


class PseudoTerminal:
    """What `process` shows, and what is typed."""

    def __init__(self, process: Popen[str], ours: int) -> None:
        self.process = process
        self._ours = ours

    def type(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def see(self, told: str) -> str:
        """Read until it is on the screen; what was read."""
        read = ""
        while told not in read:
            ready, _, _ = select.select([self._ours], [], [], 60)
            assert ready, f"{told!r} never came: {read}"
            read += os.read(self._ours, 65_536).decode(errors="replace")
        return read

    def ends(self) -> int:
        return self.process.wait(60)


@contextmanager
def on_terminal(tend: Tend, *arguments: str) -> Iterator[PseudoTerminal]:
    ours, theirs = pty.openpty()
    with tend.start(*arguments, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        try:
            yield PseudoTerminal(process, ours)
        finally:
            process.kill()
            os.close(ours)
