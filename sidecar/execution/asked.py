"""An effect as it passes the stages of `effects.py`: what is asked, and in whose name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sidecar.checker.manifest import Manifest
from sidecar.journal.runs import Segment
from skills.wire import Effect

READING = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True)
class Circumstances:
    """In whose name an effect is done."""

    segment: Segment
    skill: str
    version: str
    manifest: Manifest
    trusted: bool
    rehearsal: bool
    session: str | None
    depth: int
    priority: int
    scratch: Path | None = None  # its worker's folder

    @property
    def is_watched(self) -> bool:
        """Somebody is there who hears at once that it can't go on: in a chat, or at a rehearsal."""
        return self.rehearsal or self.session is not None


@dataclass(frozen=True)
class Asked:
    effect: Effect
    where: Circumstances
    at: float

    @property
    def kind(self) -> str:
        return self.effect.kind_of_effect

    @property
    def name(self) -> str:
        """As the settings call it: "http.post", "files.write"."""
        if self.kind == "shell":
            return "shell.run"
        return f"{self.kind}.{self.request.get('method') or self.request.get('action')}".lower()

    @property
    def request(self) -> dict[str, Any]:
        """As the skill put it."""
        return self.effect.request if isinstance(self.effect.request, dict) else {}

    @property
    def writes(self) -> bool:
        """Whether it changes something outside."""
        if self.kind == "http":
            return self.request.get("method") not in READING
        if self.kind == "shell":
            return True
        return self.kind == "files" and self.request.get("action") == "write"

    @property
    def stubbed(self) -> bool:
        """In a rehearsal what reads is done for real, and what writes is only recorded."""
        return self.where.rehearsal and self.writes
