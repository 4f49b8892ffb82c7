"""Reads and writes text files of the workspace for a step, where its skill declared them."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Literal

from pydantic import BaseModel, JsonValue

from sidecar.checker.manifest import Manifest
from sidecar.whole_file import replace_whole
from skills.limits import FILE_AT_MOST, is_declared, paths_found, protected_part

PATHS_AT_MOST = 10_000  # of one list


class FileRefused(Exception):
    """The path is not declared, or not one that a skill may touch."""


class FileRequest(BaseModel):
    action: Literal["read", "write", "list"]
    path: str
    text: str = ""


def perform_file(workspace: Path, manifest: Manifest, request: FileRequest) -> dict[str, JsonValue]:
    """Carry out the request. Raises FileRefused, OSError, or UnicodeDecodeError."""
    try:
        return _perform(workspace, manifest, request)
    except UnicodeDecodeError:
        raise
    except ValueError as error:  # what no path or no pattern can be
        raise FileRefused(f"{request.path!r}: {error}") from error


def _perform(workspace: Path, manifest: Manifest, request: FileRequest) -> dict[str, JsonValue]:
    match request.action:
        case "list":
            return {"paths": _list(workspace, manifest, request.path)}
        case "read":
            path = _allowed(workspace, request.path, manifest.reads + manifest.writes, "reads")
            if not path.exists():
                raise FileNotFoundError(f"there is no file {request.path}")
            if path.stat().st_size > FILE_AT_MOST:
                raise FileRefused(f"{request.path} has more than {FILE_AT_MOST:,} bytes, the most a step may read")
            return {"text": path.read_text("utf-8")}
        case "write":
            write_whole(_allowed(workspace, request.path, manifest.writes, "writes"), request.text)
            return {}


def write_whole(path: Path, text: str) -> None:
    """Write the file so that others see all of it or what was there before, also after a power cut."""
    content = text.encode()
    if len(content) > FILE_AT_MOST:
        raise FileRefused(f"{len(content):,} bytes are more than {FILE_AT_MOST:,}, the most one file may have")
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_whole(path, content, mode=0o644)


def _list(workspace: Path, manifest: Manifest, pattern: str) -> list[JsonValue]:
    if pattern.startswith("/") or ".." in Path(pattern).parts:
        raise FileRefused(f"{pattern!r} leaves the workspace; name paths relative to it")
    globs = manifest.reads + manifest.writes
    found: list[JsonValue] = []
    for path in paths_found(workspace, pattern):
        name = path.relative_to(workspace).as_posix()
        if protected_part(PurePosixPath(name), writes=False):
            continue
        if len(found) < PATHS_AT_MOST and path.is_file() and is_declared(name, globs):
            found.append(name)
    return found


def _allowed(workspace: Path, name: str, globs: tuple[str, ...], field: str) -> Path:
    if not is_declared(name, globs):
        raise FileRefused(f'{name!r} is not declared. Write it in @skill(...): {field}=["{name}"]')
    root, path = workspace.resolve(), (workspace / name).resolve()
    if not path.is_relative_to(root):
        raise FileRefused(f"{name!r} leads out of the workspace")
    inside = path.relative_to(root)
    if not inside.parts:
        raise FileRefused(f"{name!r} is the workspace itself, and no file")
    if protected := protected_part(PurePosixPath(inside), writes=field == "writes"):
        raise FileRefused(f"{name!r} leads to {protected}, which is not for skills")
    return path
