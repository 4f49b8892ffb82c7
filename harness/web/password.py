"""The password of the pages, for where other machines reach them: its hash in a file, and patience with wrong ones."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Callable
from pathlib import Path

from sidecar.client.private_file import read_private, write_private

SHORTEST = 12  # characters
LONGEST = 1_000
COST = {"n": 2**15, "r": 8, "p": 1}  # 32 MiB and about a tenth of a second for each try
MEMORY_AT_MOST = 64 * 2**20
FIRST_DELAY, LONGEST_DELAY = 1.0, 60.0  # seconds after a wrong one; doubled each time


class BadPassword(Exception):
    """It can't be used; the message says why."""


class TooSoon(Exception):
    """Wrong ones came before: `.seconds` are to pass."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"a wrong password came before; try again in {seconds:.0f} s")
        self.seconds = seconds


class Password:
    """One for all, as there is one person. `fits` slows down whoever guesses, wherever the guesses come from; a link
    of `tend web` opens the pages meanwhile."""

    def __init__(self, store: Path, now: Callable[[], float] = time.monotonic) -> None:
        self._file = store / "web" / "password"
        self._now = now
        self._one_at_a_time = threading.Lock()
        self._wrong = 0
        self._closed_until = 0.0

    @property
    def is_set(self) -> bool:
        return self._file.exists()

    def set(self, password: str) -> None:
        if not SHORTEST <= len(password) <= LONGEST:
            raise BadPassword(f"The password has {len(password)} characters; {SHORTEST} to {LONGEST:,} are possible.")
        salt = secrets.token_bytes(16)
        write_private(self._file, f"scrypt {_text(salt)} {_text(_hash(password, salt))}")

    def fits(self, password: str) -> bool:
        """Raises TooSoon."""
        with self._one_at_a_time:
            if (left := self._closed_until - self._now()) > 0:
                raise TooSoon(max(1.0, left))
            kept = read_private(self._file)
            if kept is None or len(password) > LONGEST:
                return False
            _, salt, wanted = kept.split()
            if hmac.compare_digest(_text(_hash(password, base64.b64decode(salt))), wanted):
                self._wrong = 0
                return True
            self._closed_until = self._now() + min(FIRST_DELAY * 2**self._wrong, LONGEST_DELAY)
            self._wrong = min(self._wrong + 1, 10)
            return False


def _hash(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode("utf-8", "surrogatepass"), salt=salt, maxmem=MEMORY_AT_MOST, **COST)


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
