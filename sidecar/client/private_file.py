"""A file of the store's folder that is its owner's alone, replaced whole."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """Whoever reads meanwhile gets the old text or the new one, also after a power cut."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, fresh = tempfile.mkstemp(dir=path.parent, prefix=".")  # made for its owner alone
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(fresh).replace(path)
    except BaseException:
        Path(fresh).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read_private(path: Path) -> str | None:
    """None where there is none. Raises PermissionError where others can read it."""
    try:
        if path.stat().st_mode & 0o077:
            raise PermissionError(f"others can read {path}. Type: chmod 600 {path}")
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
