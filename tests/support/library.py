"""What mypy has to know of libraries before it can check a skill, computed once for a run of tests."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from sidecar.checker.library_cache import LibraryCache


def give_library(folder: Path) -> Path:
    """Put it into a checker's folder, which would otherwise spend seconds of a processor on it; the folder."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copytree(_built(), folder / _built().name)
    return folder


@cache
def _built() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="tend-library-"))
    atexit.register(shutil.rmtree, folder)
    LibraryCache(folder).copy_to(folder / "copy")
    (built,) = folder.glob("library-*")
    return built
