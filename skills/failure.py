"""What an `on_failure` handler is told."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Failure:
    """A run of `skill` failed after its last attempt. `step` is the step that the error left, if it left one."""

    message: str
    type: str
    step: str | None
    run_id: str
    skill: str
