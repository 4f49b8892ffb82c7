"""A folder of its own for each attempt, gone after it."""

from __future__ import annotations

import os
import tempfile
from itertools import count
from pathlib import Path


def make_scratch(root: Path) -> Path:
    root.mkdir(mode=0o700, exist_ok=True)
    return Path(tempfile.mkdtemp(dir=root))


def remove_scratch(folder: Path) -> None:
    """With all that is in it, whatever a hostile skill has left: a million levels of folders too, which no recursion
    ends. What lies in a folder is moved up first; links are not followed."""
    names = (folder.with_name(f"{folder.name}.{number}") for number in count())
    waiting = [folder]
    while waiting:
        current = waiting.pop()
        current.chmod(0o700)
        for entry in list(os.scandir(current)):
            if entry.is_dir(follow_symlinks=False):
                Path(entry.path).chmod(0o700)  # to move a folder is to write into it
                waiting.append(Path(entry.path).rename(next(names)))
            else:
                Path(entry.path).unlink()
        current.rmdir()


def remove_all(root: Path) -> None:
    """What attempts have left whose sidecar was killed. No worker may be alive."""
    for left in list(root.iterdir()) if root.is_dir() else []:
        remove_scratch(left)
