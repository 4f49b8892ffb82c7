"""A person's answer to a yes-or-no question, and what was done upon a yes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic

from pydantic import BaseModel, ConfigDict

from skills.values import JsonResult


class Approval(BaseModel):
    """True if it was approved. `by` is None where the question expired; `because` is what the person added: a no says
    why."""

    model_config = ConfigDict(frozen=True)

    approved: bool
    by: str | None = None
    because: str | None = None

    def __bool__(self) -> bool:
        return self.approved


@dataclass(frozen=True)
class Approved(Generic[JsonResult]):
    """An irreversible step that was approved `by` a person, and done. `result` is None where Tend died meanwhile, so
    that nobody knows what the step returned, and a person, not its look-up, said that it was done all the same."""

    by: str
    because: str | None
    result: JsonResult | None
