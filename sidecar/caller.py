"""Who gives a command, and what a command needs to be carried out once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from pydantic import JsonValue

PERSON = "person"
AGENT = "agent"
TEND = "tend"  # the review, and what happens by itself


def _nothing(_: JsonValue) -> None:
    """A person's command is not repeated by a replay: it needs no intent."""


@dataclass(frozen=True)
class Caller:
    """A person, or a run of the agent. Where a crash struck between a command and its answer the run gives it again;
    `intent` is then what the first try had put on disk with `intend`, before it did anything."""

    who: str = PERSON
    via: str = "terminal"  # the surface, where it is a person
    run: str | None = None
    session: str | None = None
    review: str | None = None  # the review whose finding this run answers: what it writes is a proposal
    revises: JsonValue = None  # {"skill", "base", "finding"}
    intent: JsonValue = None
    intend: Callable[[JsonValue], None] = field(default=_nothing)

    @property
    def is_agent(self) -> bool:
        """Whether a run gives the command, and not a person."""
        return self.run is not None


class CommandRefused(Exception):
    """A command that could not be carried out; `type` names the reason for programs."""

    def __init__(self, type_: str, message: str) -> None:
        super().__init__(message)
        self.type = type_
