"""Models that skills use, and that do not come back from JSON by themselves."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field, field_validator


class Renamed(BaseModel):
    """Has another name outside."""

    order_id: str = Field(alias="orderId")


class Cents(BaseModel):
    """Read a second time, it is something else."""

    cents: int

    @field_validator("cents", mode="before")
    @classmethod
    def of_euros(cls, euros: Any) -> int:
        return round(float(euros) * 100)
