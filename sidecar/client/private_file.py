"""A file of the store's folder that is its owner's alone, replaced whole."""

from __future__ import annotations

from pathlib import Path

from sidecar.whole_file import replace_whole


def write_private(path: Path, text: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    replace_whole(path, text.encode())


def read_private(path: Path) -> str | None:
    """None where there is none. Raises PermissionError where others can read it."""
    try:
        if path.stat().st_mode & 0o077:
            raise PermissionError(f"others can read {path}. Type: chmod 600 {path}")
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
