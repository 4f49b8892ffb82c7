"""Commands about the workspace's files, for a person to look at. What begins with a dot, the store among it, and the
settings are not shown; links are not followed."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

from sidecar.caller import Caller, CommandRefused
from sidecar.client import views
from sidecar.clock import moment
from sidecar.commands.table import command
from sidecar.difference import text_hash

FILES_AT_MOST = 2_000  # of one list
BYTES_AT_MOST = 1024 * 1024  # of one file
NOT_SHOWN = ("tend.toml", "__pycache__")


class WorkspaceFileCommands:
    def __init__(self, workspace: Path) -> None:
        self._workspace = workspace

    @command("files.list", files=True)
    def list_all(self, caller: Caller) -> views.WorkspaceFiles:  # noqa: ARG002 # every command is given its caller
        found = list(islice(_shown(self._workspace, ""), FILES_AT_MOST + 1))
        return views.WorkspaceFiles(files=tuple(found[:FILES_AT_MOST]), whole=len(found) <= FILES_AT_MOST)

    @command("files.read", files=True)
    def read(self, caller: Caller, path: str) -> views.MemoryFile:  # noqa: ARG002
        parts = Path(path).parts
        file = self._workspace.joinpath(*parts)
        if (
            Path(path).is_absolute()
            or not all(map(is_shown, parts))
            or file.resolve() != self._workspace.resolve().joinpath(*parts)
            or not file.is_file()
        ):
            raise CommandRefused("not_found", f"the workspace has no file {path!r} that is shown")
        with file.open("rb") as opened:
            content = opened.read(BYTES_AT_MOST)
        text = content.decode("utf-8", errors="replace")
        return views.MemoryFile(path=path, text=text, hash=text_hash(text))


def _shown(folder: Path, within: str) -> Iterator[views.WorkspaceFile]:
    """Those of a folder before those of the folders in it. What goes away meanwhile, or can't be read, is left out."""
    try:
        with os.scandir(folder) as entries:
            shown = sorted((entry for entry in entries if is_shown(entry.name)), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in shown:
        with suppress(OSError):
            status = entry.stat(follow_symlinks=False)
            if stat.S_ISREG(status.st_mode):
                path = f"{within}{entry.name}"
                yield views.WorkspaceFile(path=path, size=status.st_size, changed_at=moment(status.st_mtime))
    for entry in shown:
        if entry.is_dir(follow_symlinks=False):
            yield from _shown(Path(entry.path), f"{within}{entry.name}/")


def is_shown(name: str) -> bool:
    """Of a file or a folder; a name that no page can show is none."""
    return not name.startswith(".") and name not in NOT_SHOWN and name.isprintable()
