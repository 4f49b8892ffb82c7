"""Commands about the agent's memory files."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from sidecar.caller import Caller, CommandRefused
from sidecar.client import views
from sidecar.clock import Clock
from sidecar.commands.table import command
from sidecar.memory import Memory, NoMemoryFile


class MemoryCommands:
    def __init__(self, memory: Memory, clock: Clock, zone: str) -> None:
        self._memory = memory
        self._clock = clock
        self._zone = zone

    @command("memory.read", agent=True, files=True)
    def read(self, caller: Caller, path: str) -> views.MemoryFile:  # noqa: ARG002 # every command is given its caller
        try:
            return views.MemoryFile(path=path, text=self._memory.read(path))
        except NoMemoryFile as error:
            raise CommandRefused("not_found", str(error)) from error

    @command("memory.write", agent=True, files=True, stores=True)
    def write(self, caller: Caller, path: str, text: str) -> None:
        if caller.is_agent and path != "MEMORY.md":
            raise CommandRefused("not_allowed", f"{path} is the person's; the agent writes MEMORY.md and notes")
        try:
            self._memory.write(path, text)
        except NoMemoryFile as error:
            raise CommandRefused("not_found", str(error)) from error

    @command("memory.note", agent=True, files=True, stores=True)
    def note(self, caller: Caller, text: str) -> views.MemoryFile:  # noqa: ARG002
        today = datetime.fromtimestamp(self._clock.now(), ZoneInfo(self._zone)).date()
        path = self._memory.add_note(today, text)
        return views.MemoryFile(path=path, text=self._memory.read(path))
