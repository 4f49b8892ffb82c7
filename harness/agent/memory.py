"""What the agent knows when a turn begins, as the sidecar keeps it."""

from __future__ import annotations

from typing import Any, TypeAlias

from pydantic import BaseModel, ConfigDict

Block: TypeAlias = dict[str, Any]  # a content block in the Messages API's shape
ApiMessage: TypeAlias = dict[str, Any]  # {"role": ..., "content": str or blocks}


class Known(BaseModel):
    model_config = ConfigDict(frozen=True)


class Note(Known):
    path: str  # memory/2026-11-21.md
    text: str


class KnownSkill(Known):
    name: str
    purpose: str
    schedule: str
    state: str
    last_run: str | None = None  # how it ended, when, and with what
    problems: str | None = None  # the newest check's, where it refused the file as it is now


class Summary(Known):
    """Stands for the first `until` messages of the conversation."""

    until: int
    text: str


class Recalled(Known):
    """The answer to `chat.recall`."""

    soul: str = ""
    user: str = ""
    memory: str = ""
    notes: tuple[Note, ...] = ()
    skills: tuple[KnownSkill, ...] = ()
    summary: Summary | None = None
    left_out: int = 0  # messages that follow the summary, and are too many to be recalled
    messages: tuple[ApiMessage, ...] = ()  # that follow those
    zone: str
    now: str  # ISO 8601
