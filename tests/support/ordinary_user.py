"""Another user than root, for whom root starts processes.

The interpreter and this repository may lie in a folder of root's that is closed to others: whoever is started sees
them through a mount of its own, at the same paths.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest

USER = 65534  # nobody
REPOSITORY = Path(__file__).parents[2]
NEEDED = (Path(sys.base_prefix), REPOSITORY)

# Keeps a hold on each path ("$@" up to "--"), lays an open folder over the closed one ($1), and puts them back.
_OPEN = """
set -e
closed=$1; shift
kept=$(mktemp -d)
while [ "$1" != -- ]; do mkdir "$kept/$#"; mount --bind "$1" "$kept/$#"; echo "$1" > "$kept.$#"; shift; done
shift
mount -t tmpfs -o mode=755 tmpfs "$closed"
for each in "$kept"/*; do path=$(cat "$kept.${each##*/}"); mkdir -p "$path"; mount --move "$each" "$path"; done
rm -r "$kept" "$kept".*
exec "$@"
"""


def become_ordinary(command: Sequence[str]) -> list[str]:
    """The command that runs `command` as an ordinary user, in the process that it is started in."""
    become = [
        "setpriv",
        f"--reuid={USER}",
        f"--regid={USER}",
        "--clear-groups",
        "--inh-caps=-all",
        "--",
        "/usr/bin/env",  # by then it has no privileges left, with which setpriv itself could still execute
        *command,
    ]
    closed = next((folder for path in NEEDED for folder in path.parents if not folder.stat().st_mode & 0o001), None)
    if closed is None:
        return become
    inside = [str(path) for path in NEEDED if path.is_relative_to(closed)]
    return ["unshare", "--mount", "sh", "-c", _OPEN, "sh", str(closed), *inside, "--", *become]


def needs_ordinary_user() -> None:
    """Skip the test where root can't become one."""
    if obstacle := _obstacle():
        pytest.skip(obstacle)


@cache
def _obstacle() -> str:
    if os.getuid() != 0:
        return "this is an ordinary user's process"
    if not shutil.which("setpriv") or not shutil.which("unshare"):
        return "there is no setpriv, or no unshare"
    done = subprocess.run(
        become_ordinary([sys.executable, "-c", "import sidecar"]),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    return f"an ordinary user can't execute this: {done.stderr.strip()[-200:]}" if done.returncode else ""
