"""Commands about the agent's memory files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from zoneinfo import ZoneInfo

from sidecar.caller import Caller, CommandRefused
from sidecar.client import views
from sidecar.clock import Clock, moment
from sidecar.commands.table import command
from sidecar.difference import text_hash
from sidecar.execution.files import FileRefused
from sidecar.memory import Memory, NoMemoryFile, NotAsRead, NoText


class MemoryCommands:
    def __init__(self, memory: Memory, clock: Clock, zone: str) -> None:
        self._memory = memory
        self._clock = clock
        self._zone = zone

    @command("memory.read", agent=True, files=True)
    def read(self, caller: Caller, path: str) -> views.MemoryFile:  # noqa: ARG002 # every command is given its caller
        with _refusing():
            return self._view(path)

    @command("memory.list", files=True)
    def list_all(self, caller: Caller) -> list[views.WorkspaceFile]:  # noqa: ARG002
        """Whole files, also those that are not written yet; then the notes, newest first."""
        return [
            views.WorkspaceFile(path=path, size=size, changed_at=moment(at) if at is not None else None)
            for path, size, at in self._memory.files()
        ]

    @command("memory.write", agent=True, files=True, stores=True)
    def write(self, caller: Caller, path: str, text: str, base: str | None = None) -> None:
        if caller.is_agent and path != "MEMORY.md":
            raise CommandRefused("not_allowed", f"{path} is the person's; the agent writes MEMORY.md and notes")
        with _refusing():
            self._memory.write(path, text, base=base)

    @command("memory.note", agent=True, files=True, stores=True)
    def note(self, caller: Caller, text: str) -> views.MemoryFile:  # noqa: ARG002
        today = datetime.fromtimestamp(self._clock.now(), ZoneInfo(self._zone)).date()
        with _refusing():
            path = self._memory.add_note(today, text)
        return self._view(path)

    def _view(self, path: str) -> views.MemoryFile:
        text = self._memory.read(path)
        return views.MemoryFile(path=path, text=text, hash=text_hash(text))


@contextmanager
def _refusing() -> Iterator[None]:
    """What can't be read or written is the caller's to mend."""
    try:
        yield
    except (NoMemoryFile, NotAsRead, NoText, FileRefused) as error:
        raise CommandRefused(_TYPES[type(error)], str(error)) from error


_TYPES: dict[type[Exception], str] = {
    NoMemoryFile: "not_found",
    NotAsRead: "conflict",
    NoText: "unreadable",
    FileRefused: "too_large",
}
