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


def workers_of(sidecar: int) -> list[int]:
    """The processes that execute its runs: what is below its zygote, but for the one that waits for the next run. That
    is the newest, for it was forked when the others had begun."""
    zygotes = [pid for pid, command in children_of(sidecar).items() if "execution.zygote attempts" in command]
    return [pid for zygote in zygotes for pid in sorted(children_of(zygote), key=_started_at)[:-1]]


def is_alive(pid: int) -> bool:
    """Whether it can do anything any more: one that nobody has reaped yet can't."""
    status = _read(Path(f"/proc/{pid}/stat"))
    return bool(status) and status.rpartition(")")[2].split()[0] not in ("Z", "X")


def _started_at(pid: int) -> tuple[int, int]:
    """In clock ticks, and by its id among those of the same tick."""
    status = _read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
    return int(status[19]) if status else 0, pid


def _read(path: Path) -> str:
    """Empty where the process has ended meanwhile."""
    try:
        return path.read_text()
    except OSError:
        return ""
