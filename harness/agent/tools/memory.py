"""Tools that read and write what the agent remembers beyond a conversation."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from harness.agent.cut import cut
from harness.agent.limits import MEMORY, SOURCE
from harness.agent.tools.tool import Desk, Outcome, Tool


class ReadMemory(Tool):
    """Read a memory file whole: MEMORY.md, or a dated note such as memory/2026-11-21.md."""

    path: str = "MEMORY.md"

    def use(self, desk: Desk) -> Outcome:
        file = desk.run.command("memory.read", path=self.path)
        return Outcome(cut(file["text"], SOURCE) or f"{self.path} is empty.")


class WriteMemory(Tool):
    """Replace MEMORY.md: lasting facts and preferences of the person that future conversations need, in short lines.
    Keep what still holds; leave out what a skill's source or the run history already says."""

    changes: ClassVar[bool] = True

    text: str = Field(max_length=MEMORY, description="The whole new text.")

    def use(self, desk: Desk) -> Outcome:
        desk.run.command("memory.write", path="MEMORY.md", text=self.text)
        return Outcome("Wrote MEMORY.md.")


class AddNote(Tool):
    """Add a line to today's note: what was decided and why, for the next days."""

    changes: ClassVar[bool] = True

    text: str = Field(min_length=1, max_length=2_000)

    def use(self, desk: Desk) -> Outcome:
        desk.run.command("memory.note", text=self.text)
        return Outcome("Added to today's note.")
