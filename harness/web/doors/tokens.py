"""Tokens, by which other machines may send events. Shown once; what is kept is their hash."""

from __future__ import annotations

import hmac
import secrets
from hashlib import sha256
from pathlib import Path

from harness.web.doors.hooks import NotADoor
from sidecar.client.private_file import read_private, write_private
from skills.wire import is_hook_name

PREFIX = "tend_"  # so that whoever finds one knows what it is


class Tokens:
    def __init__(self, store: Path) -> None:
        self._folder = store / "web" / "tokens"

    def names(self) -> list[str]:
        return sorted(file.name for file in self._folder.glob("*") if is_hook_name(file.name))

    def add(self, name: str) -> str:
        """The token: its holder's name, and what only the holder knows."""
        if not is_hook_name(name):
            raise NotADoor(f"{name!r} is no name of a token: up to 64 small letters, digits, '_' and '-'.")
        if name in self.names():
            raise NotADoor(f"There is a token {name} already. Remove it first: tend token rm {name}")
        token = f"{PREFIX}{name}.{secrets.token_urlsafe(32)}"
        write_private(self._folder / name, _hash(token))
        return token

    def holder(self, token: str) -> str | None:
        """Whose it is; None: nobody's."""
        name = token.removeprefix(PREFIX).partition(".")[0]
        kept = read_private(self._folder / name) if is_hook_name(name) else None
        return name if kept is not None and hmac.compare_digest(kept, _hash(token)) else None

    def remove(self, name: str) -> bool:
        """Whether there was one."""
        if name not in self.names():
            return False
        (self._folder / name).unlink()
        return True


def _hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()
