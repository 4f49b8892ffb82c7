"""One thing that was measured, beside its floor from the same minutes, and what it should be."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

Bound = Literal["at most", "at least", "times the floor at most"]


@dataclass(frozen=True)
class Goal:
    bound: Bound
    limit: float

    def __str__(self) -> str:
        return f"{self.bound} {self.limit:g}"


@dataclass(frozen=True)
class Figure:
    """`values` and `floor` are in `unit`; what counts is their median."""

    name: str
    unit: str
    values: Sequence[float]
    floor: Sequence[float] = ()
    floor_name: str = ""
    goal: Goal | None = None

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def p90(self) -> float:
        return sorted(self.values)[int(len(self.values) * 0.9)]

    @property
    def floor_median(self) -> float | None:
        return statistics.median(self.floor) if self.floor else None

    @property
    def ratio(self) -> float | None:
        return self.median / self.floor_median if self.floor_median else None

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached; None: there is none."""
        if self.goal is None:
            return None
        if self.goal.bound == "at least":
            return self.median >= self.goal.limit
        value = self.median if self.goal.bound == "at most" else self.ratio
        if value is None:
            raise ValueError(f"{self.name}: its goal is a multiple of a floor that was not measured")
        return value <= self.goal.limit

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "unit": self.unit,
            "median": self.median,
            "p90": self.p90,
            "count": len(self.values),
            "floor": self.floor_median,
            "floor_name": self.floor_name or None,
            "ratio": self.ratio,
            "goal": str(self.goal) if self.goal else None,
            "met": self.met,
        }
