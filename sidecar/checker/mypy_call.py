"""How mypy is called: with our configuration, none of the workspace's, and a cache beside it."""

from __future__ import annotations

import sys
from pathlib import Path, PurePosixPath

from sidecar.checker.report import Snapshot

CONFIGURATION = "mypy.ini"
CACHE = "cache"
SOURCES = "src"
AUTHOR_API = "author"  # a folder with the author API, beside those from which mypy is called

# No whole paths: mypy would take a path with a comma or colon for two, and read a $ or ~ as a shell does.
SETTINGS = f"""\
[mypy]
strict = true
python_version = {sys.version_info.major}.{sys.version_info.minor}
mypy_path = {SOURCES}:../{AUTHOR_API}
namespace_packages = true
explicit_package_bases = true

[mypy-skills.*]
follow_imports = silent
"""


def configuration(folder: Path) -> None:
    """Write mypy's configuration into the folder from which it will be called."""
    (folder / CONFIGURATION).write_text(SETTINGS)


def arguments(*files: str) -> tuple[str, ...]:
    return (
        f"--config-file={CONFIGURATION}",
        f"--cache-dir={CACHE}",
        "--output=json",
        "--no-error-summary",
        "--",
        *files,
    )


def lay_out(snapshot: Snapshot, folder: Path) -> list[str]:
    """Write the snapshot's files below the folder, and return their names for mypy."""
    places = {place(path): content for path, content in snapshot.files.items()}
    for name, content in places.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return sorted(places)


def place(path: str) -> str:
    """Where a file of the workspace lies for mypy: a skill is a top-level module, a helper is in lib."""
    parts = PurePosixPath(path).parts
    if parts[0] not in ("skills", "lib") or ".." in parts:
        raise ValueError(f"{path!r} is neither a skill nor a helper")
    return str(PurePosixPath(SOURCES, *(parts[1:] if parts[0] == "skills" else parts)))
