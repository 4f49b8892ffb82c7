"""Who this host is: the same through restarts, so that it knows what an earlier life of its own has left."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Identity:
    id: str
    name: str  # for people


def identify(store: Path, name: str) -> Identity:
    """`store` is the workspace's `.tend`, whose lock file this process holds."""
    file = store / "host"
    if not file.exists():
        file.write_text(secrets.token_hex(8))
    return Identity(file.read_text().strip(), name)
