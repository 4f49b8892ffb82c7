"""Who may come in: a link that works once, and the cookie that it is exchanged for.

Both are kept as files in the store's folder, by their hash: whoever may read that folder may open the pages anyway, and
whoever sees one file knows neither link nor cookie.
"""

from __future__ import annotations

import secrets
import time
from hashlib import sha256
from pathlib import Path

from harness.web.place import place_of
from sidecar.client import Settings

LINK_WITHIN = 600.0  # seconds until an unused link is void
SESSION_WITHIN = 30 * 86_400.0  # seconds


class Access:
    def __init__(self, store: Path) -> None:
        self._links = store / "web" / "links"
        self._sessions = store / "web" / "sessions"

    def new_ticket(self) -> str:
        """For a link that works once."""
        return _put(self._links)

    def enter(self, ticket: str) -> str | None:
        """A new session for a ticket; None where it was used, is too old, or never was one."""
        file = self._links / _name(ticket)
        fresh = _is_younger(file, LINK_WITHIN)
        try:
            file.unlink()  # of two that come at once, one has it
        except FileNotFoundError:
            return None
        return self.new_session() if fresh else None

    def new_session(self) -> str:
        """For whoever has shown that they may come in."""
        return _put(self._sessions)

    def admits(self, session: str | None) -> bool:
        return session is not None and _is_younger(self._sessions / _name(session), SESSION_WITHIN)

    def leave(self, session: str) -> None:
        (self._sessions / _name(session)).unlink(missing_ok=True)

    def leave_all(self) -> None:
        for file in self._sessions.glob("*"):
            file.unlink(missing_ok=True)

    def forget_old(self) -> None:
        for folder, within in ((self._links, LINK_WITHIN), (self._sessions, SESSION_WITHIN)):
            for file in folder.glob("*"):
                if not _is_younger(file, within):
                    file.unlink(missing_ok=True)


def _put(folder: Path) -> str:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    token = secrets.token_urlsafe(32)
    (folder / _name(token)).touch(mode=0o600)
    return token


def _name(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def _is_younger(file: Path, seconds: float) -> bool:
    try:
        return time.time() - file.stat().st_mtime < seconds
    except FileNotFoundError:
        return False


def new_link(settings: Settings) -> str:
    """A link that opens the pages in a browser, once. Raises NotServed."""
    url = place_of(settings).url
    return f"{url}/enter?ticket={Access(settings.store).new_ticket()}"
