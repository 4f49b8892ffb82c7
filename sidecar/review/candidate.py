"""What the run history shows about one skill, in one respect."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

RUNS_AT_MOST = 10  # full ids in a candidate: the first, the newest and typical ones

Kind: TypeAlias = Literal[
    "stale output", "failures", "expectation", "silence", "refused approvals", "retries", "slow", "cost"
]


class Candidate(BaseModel):
    """A finding that the model may choose. `version` is the active one: what a revision starts from."""

    model_config = ConfigDict(frozen=True)

    skill: str
    version: str
    kind: Kind
    summary: str
    evidence: list[str]  # 2 to 6 lines
    runs: list[str]  # full ids
    sorts: frozenset[str] = Field(default=frozenset(), exclude=True)
    """What tells this evidence from other evidence of its kind ("ConnectTimeout in fetch_metrics"), as it stands in
    the lines: so a dismissed finding shows by its text whether it knew of it."""


def some(runs: Iterable[str]) -> list[str]:
    """Each once, as many as a candidate holds."""
    return list(dict.fromkeys(runs))[:RUNS_AT_MOST]
