"""A tool: what the model may ask for, and the one command to the sidecar that carries it out."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from skills.trusted import Trusted


@dataclass(frozen=True)
class Desk:
    """Where a tool is used: whose run it is, and in which zone its person reads times."""

    run: Trusted
    zone: str


@dataclass(frozen=True)
class Outcome:
    """What the model reads. `is_error`: it has to do something differently."""

    text: str
    is_error: bool = False


class Tool(BaseModel, ABC):
    """One kind of call. The docstring is the description that the model reads, the fields are its input."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    changes: ClassVar[bool] = False  # whether it leaves something behind that a receipt should mention

    @classmethod
    def tool_name(cls) -> str:
        """`WriteSkill` is `write_skill`."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()

    @classmethod
    def offer(cls) -> dict[str, Any]:
        """The tool in the Messages API's shape."""
        schema = cls.model_json_schema()
        description = " ".join(schema.pop("description").split())
        for part in (schema, *schema["properties"].values()):
            part.pop("title", None)  # pydantic's, and no more than the name again
        return {"name": cls.tool_name(), "description": description, "input_schema": schema}

    @abstractmethod
    def use(self, desk: Desk) -> Outcome:
        """Carry it out. Raises `StepFailed` where the sidecar says no."""
