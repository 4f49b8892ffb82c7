"""What an `on_failure` handler is told, and a skill that is started by `failed(...)`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Failure(BaseModel):
    """A run of `skill` failed after its last attempt. `step` is the step that the error left, if it left one, as
    `StepFailed` has it."""

    model_config = ConfigDict(frozen=True)

    message: str
    type: str
    step: str | None
    run_id: str
    skill: str
