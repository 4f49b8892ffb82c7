"""One call of the model, and its reply."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from harness.agent.memory import Block
from skills.asking import WHOLE
from skills.trusted import Trusted


class ModelReply(BaseModel):
    """The part of the gateway's reply that the agent goes by; `content` is kept as it came, to be sent back."""

    model_config = ConfigDict(frozen=True)

    content: list[Block]
    stop_reason: str | None

    @property
    def is_whole(self) -> bool:
        """Whether its text is all that was to be said."""
        return self.stop_reason in WHOLE

    @property
    def text(self) -> str:
        return "\n\n".join(block["text"] for block in self.content if block["type"] == "text").strip()

    @property
    def calls(self) -> list[Block]:
        return [block for block in self.content if block["type"] == "tool_use"]


def ask_model(run: Trusted, request: dict[str, Any], *, max_tokens: int) -> ModelReply:
    """Paid for once: on replay the reply comes from the journal. Raises `StepFailed`."""
    asked = {"purpose": "write", "tools": [], "max_tokens": max_tokens, **request}
    return ModelReply.model_validate(run.model(asked))
