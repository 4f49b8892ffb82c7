"""Memory: what the agent remembers, to read and to correct; and the workspace's other files, to read."""

from __future__ import annotations

from fastapi import APIRouter

from harness.web.twin import Sidecar, page
from sidecar.client import views

router = APIRouter(tags=["memory"])


class MemoryPage(views.View):
    files: tuple[views.WorkspaceFile, ...]
    file: views.MemoryFile  # that is shown


class Files(views.View):
    listed: views.WorkspaceFiles
    file: views.MemoryFile | None  # that is shown


class Remembered(views.View):
    path: str
    text: str
    base: str | None = None  # the hash of the text that was edited; left out: whatever stands there


@page(router, "/memory", "memory.html")
def memory(client: Sidecar, path: str = "MEMORY.md") -> MemoryPage:
    return MemoryPage(files=tuple(client.memory_files()), file=client.memory(path))


@router.put("/api/memory")
def remember(client: Sidecar, given: Remembered) -> views.MemoryFile:
    """409 where the file has changed since `base`."""
    return client.remember(given.path, given.text, base=given.base)


@page(router, "/files", "files.html")
def files(client: Sidecar, path: str | None = None) -> Files:
    """But for the store and the settings."""
    return Files(listed=client.files(), file=client.file(path) if path else None)
