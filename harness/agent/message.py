"""What goes into a turn and what comes out of it."""

from __future__ import annotations

from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class Finding(Part):
    """A misfiring skill with its evidence, as the review found it."""

    skill: str
    kind: str
    summary: str
    evidence: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()


class Revise(Part):
    """The review asks for a revision of one skill. `base` is the version that misfired."""

    skill: str
    base: str | None
    finding: Finding


class Message(Part):
    """Something said to the agent in a session."""

    session: str
    text: str
    revise: Revise | None = None


Ended: TypeAlias = Literal["answered", "limit", "no_progress", "cut", "refused", "model_failed"]


class NotAnswered(Exception):
    """The model could not be asked; the message says why, and what was done until then."""


class Reply(Part):
    """The agent's words. Whatever `ended` says, the text is fit for the person to read; it is the model's own only
    where the turn was `answered`."""

    text: str
    ended: Ended
    model_calls: int
