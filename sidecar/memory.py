"""What the agent remembers between conversations: plain files of the workspace, which the person can read and edit."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from threading import Lock

from sidecar.difference import text_hash
from sidecar.execution.files import write_whole

WHOLE = ("SOUL.md", "USER.md", "MEMORY.md")
NOTES_RECALLED = 3
_NOTE = re.compile(r"memory/\d{4}-\d{2}-\d{2}\.md")


class NoMemoryFile(Exception):
    def __init__(self, path: str) -> None:
        super().__init__(f"{path!r} is no memory file; there are {', '.join(WHOLE)} and memory/YYYY-MM-DD.md")


class NotAsRead(Exception):
    def __init__(self, path: str) -> None:
        super().__init__(f"{path} has changed since you read it. Read it again.")


class NoText(Exception):
    def __init__(self, path: str) -> None:
        super().__init__(
            f"{path} is no UTF-8: what could not be read of it would be lost. Save it as UTF-8, or remove it."
        )


class Memory:
    """Commands that come at the same time change a file one after the other."""

    def __init__(self, workspace: Path) -> None:
        self._workspace = workspace
        self._changing = Lock()

    def read(self, path: str) -> str:
        """The file's text, as far as it is text; "" where it has not been written yet. Raises NoMemoryFile."""
        file = self._file(path)
        return file.read_text("utf-8", errors="replace") if file.is_file() else ""

    def write(self, path: str, text: str, *, base: str | None = None) -> None:
        """`base` is the hash of the text that it replaces. Raises NotAsRead, NoMemoryFile, NoText, FileRefused."""
        with self._changing:
            if base is not None and base != text_hash(self._whole(path)):
                raise NotAsRead(path)
            write_whole(self._file(path), text)

    def add_note(self, today: date, text: str) -> str:
        """Add a line to the day's note; a line that is there already is not added again. Raises NoText,
        FileRefused."""
        path = f"memory/{today.isoformat()}.md"
        line = f"- {' '.join(text.split())}"
        with self._changing:
            before = self._whole(path)
            if line not in before.splitlines():
                write_whole(self._file(path), f"{before}{line}\n")
        return path

    def files(self) -> list[tuple[str, int, float | None]]:
        """Path, bytes, and when it was changed (None: it has not been written yet): whole files, then notes, newest
        first."""
        found: list[tuple[str, int, float | None]] = []
        for path in (*WHOLE, *reversed(self._notes())):
            try:
                status = self._file(path).stat()
            except FileNotFoundError:
                found.append((path, 0, None))
            else:
                found.append((path, status.st_size, status.st_mtime))
        return found

    def recent_notes(self) -> list[tuple[str, str]]:
        """The newest dated notes, oldest of them first."""
        return [(name, self.read(name)) for name in self._notes()[-NOTES_RECALLED:]]

    def _whole(self, path: str) -> str:
        """As `read`, of what is replaced by it and more. Raises NoText."""
        try:
            return self._file(path).read_text("utf-8")
        except FileNotFoundError:
            return ""
        except UnicodeDecodeError as error:
            raise NoText(path) from error

    def _notes(self) -> list[str]:
        """Oldest first."""
        names = sorted(f"memory/{path.name}" for path in (self._workspace / "memory").glob("*.md"))
        return [name for name in names if _NOTE.fullmatch(name)]

    def _file(self, path: str) -> Path:
        if path not in WHOLE and not _NOTE.fullmatch(path):
            raise NoMemoryFile(path)
        file = self._workspace / path
        if not file.resolve().is_relative_to(self._workspace.resolve()):
            raise NoMemoryFile(path)
        return file
