"""Text files of the workspace, from inside a step. Paths are relative to the workspace and declared by the skill."""

from __future__ import annotations

import builtins

from pydantic import BaseModel

from skills.open_step import open_step


class _Text(BaseModel):
    text: str


class _Paths(BaseModel):
    paths: builtins.list[str]


def read(path: str) -> str:
    """The file's text (UTF-8). Raises `EffectFailed` if it is not there, or not declared in `reads=` or `writes=`."""
    reply = open_step("files.read").effect("files", {"action": "read", "path": path}, f"read {path}")
    return _Text.model_validate(reply).text


def write(path: str, text: str) -> None:
    """Write the whole file at once, with the folders above it. It has to be declared in `writes=`."""
    request = {"action": "write", "path": path, "text": text}
    open_step("files.write").effect("files", dict(request), f"write {path}")


def list(glob: str) -> builtins.list[str]:  # noqa: A001 - it reads as files.list
    """The paths that match, sorted; only those declared in `reads=` or `writes=`."""
    reply = open_step("files.list").effect("files", {"action": "list", "path": glob}, f"list {glob}")
    return _Paths.model_validate(reply).paths
