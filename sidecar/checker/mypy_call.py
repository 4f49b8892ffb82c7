"""How mypy is called: with our configuration, none of the workspace's, and a cache beside it."""

from __future__ import annotations

import sys
from pathlib import Path

CONFIGURATION = "mypy.ini"
CACHE = "cache"
SOURCES = "src"


def configuration(folder: Path, author_api: Path) -> None:
    """Write mypy's configuration into the folder from which it will be called."""
    (folder / CONFIGURATION).write_text(
        f"""\
[mypy]
strict = true
python_version = {sys.version_info.major}.{sys.version_info.minor}
mypy_path = {folder / SOURCES}:{author_api}
namespace_packages = true
explicit_package_bases = true

[mypy-skills.*]
follow_imports = silent
"""
    )


def arguments(*files: str) -> tuple[str, ...]:
    return (
        f"--config-file={CONFIGURATION}",
        f"--cache-dir={CACHE}",
        "--output=json",
        "--no-error-summary",
        "--",
        *files,
    )
