"""Secrets as files: one for each, named like it, readable by the person alone.

Names are known to whoever lists the folder; only the gateway process reads values. So one secret is set without looking
at the others, and a folder of systemd credentials is read the same way.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sidecar.whole_file import replace_whole, sync_folder

SHORTEST = 8  # characters; what is shorter is found by chance in any text, and can't be taken out of it
LONGEST = 4096
NAME = re.compile("[A-Z][A-Z0-9_]{0,63}")


class NotASecret(Exception):
    """A name or value that can't be kept; the message says why."""


class SecretSource(Protocol):
    """Where secrets come from. Another kind of place is one more class."""

    def names(self) -> frozenset[str]: ...

    def read(self, name: str) -> str | None: ...

    def problem(self, name: str) -> str:
        """Why this value may not be used, or ""."""
        ...

    def state(self) -> object:
        """Changes, whenever a value may have."""
        ...


@dataclass(frozen=True)
class SecretFolder:
    path: Path
    private: bool = True  # whether files that others can read are refused; of systemd's its access lists see to it

    def names(self) -> frozenset[str]:
        return frozenset(entry.name for entry in self._entries())

    def read(self, name: str) -> str | None:
        """The value; None where there is none."""
        try:
            return (self.path / name).read_text("utf-8", errors="replace").rstrip("\r\n")
        except FileNotFoundError:
            return None

    def problem(self, name: str) -> str:
        path = self.path / name
        if self.private and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            return f"others can read {path}. Type: chmod 600 {path}"
        return ""

    def state(self) -> object:
        return sorted((entry.name, entry.inode(), entry.stat().st_mtime_ns) for entry in self._entries())

    def set(self, name: str, value: str) -> None:
        """Raises NotASecret. Whoever reads meanwhile gets the old value or the new one, also after a power cut."""
        require_name(name)
        _require_value(value)
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_whole(self.path / name, value.encode())

    def remove(self, name: str) -> bool:
        """Whether there was one."""
        require_name(name)
        try:
            (self.path / name).unlink()
        except FileNotFoundError:
            return False
        sync_folder(self.path)
        return True

    def _entries(self) -> Iterator[os.DirEntry[str]]:
        try:
            with os.scandir(self.path) as entries:
                yield from (entry for entry in entries if NAME.fullmatch(entry.name) and entry.is_file())
        except FileNotFoundError:
            return


def names_in(folders: Iterable[SecretSource]) -> frozenset[str]:
    """The secrets that have a value on this host."""
    return frozenset(name for folder in folders for name in folder.names())


def require_name(name: str) -> None:
    if not NAME.fullmatch(name):
        raise NotASecret(f"{name!r} is no name of a secret: capital letters, digits and _, such as GITHUB_TOKEN.")


def _require_value(value: str) -> None:
    if len(value) < SHORTEST:
        raise NotASecret(
            f"The value has {len(value)} characters; {SHORTEST} is the least. A shorter one turns up in texts by "
            "chance, and can't be kept out of logs and replies."
        )
    if len(value) > LONGEST:
        raise NotASecret(f"The value has {len(value):,} characters; {LONGEST:,} is the most.")
    if not value.isprintable():
        raise NotASecret("The value has a line break or another character that can't be printed. A secret is one line.")
