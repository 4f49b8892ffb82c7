"""What a stopped sidecar must not leave behind."""

from __future__ import annotations

from pathlib import Path

from tests.support.waiting import wait_until

DEAD_WITHIN = 12.0  # seconds; a checker that lost its sidecar ends with its own limit


def processes_of(folder: Path) -> dict[int, str]:
    """Every live process that works in `folder` or was started with a path in it, by id, with its command line."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and (command := _command_in(entry, str(folder))):
            found[int(entry.name)] = command
    return found


def assert_nothing_left(folder: Path, runtime: Path, temporary: Path) -> None:
    """No process, no socket, no temporary file, no half-written file in the workspace."""
    wait_until(lambda: not processes_of(folder), f"all processes of {folder} are gone", within=DEAD_WITHIN)
    sockets = [path for path in runtime.rglob("*") if path.is_socket()]
    assert not sockets, f"sockets were left: {sockets}"
    left = [*temporary.iterdir(), *folder.rglob("*.new")]
    assert not left, f"temporary files were left: {left}"


def _command_in(process: Path, folder: str) -> str | None:
    try:
        command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        where = str((process / "cwd").readlink())
    except OSError:
        return None  # it ended while we looked
    return command if command and (folder in command or where.startswith(folder)) else None
