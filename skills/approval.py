"""A person's answer to a yes-or-no question."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Approval(BaseModel):
    """True if it was approved. `by` is None where the question expired; `reason` is what the person added."""

    model_config = ConfigDict(frozen=True)

    approved: bool
    by: str | None = None
    reason: str | None = None

    def __bool__(self) -> bool:
        return self.approved
