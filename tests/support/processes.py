"""Which processes there are."""

from __future__ import annotations

from pathlib import Path


def children_of(pid: int) -> dict[int, str]:
    """Id and command line of each live child."""
    found: dict[int, str] = {}
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in _read(task).split():
            found[int(child)] = _read(Path(f"/proc/{child}/cmdline")).replace("\0", " ")
    return {child: command for child, command in found.items() if command}


def is_alive(pid: int) -> bool:
    """Whether it can do anything any more: one that nobody has reaped yet can't."""
    status = _read(Path(f"/proc/{pid}/stat"))
    return bool(status) and status.rpartition(")")[2].split()[0] not in ("Z", "X")


def _read(path: Path) -> str:
    """Empty where the process has ended meanwhile."""
    try:
        return path.read_text()
    except OSError:
        return ""
