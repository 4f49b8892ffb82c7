"""The evidence of one week, for the review to judge.

    runs, steps, slots, ... ──measure──► week ──kinds──► candidates ──dismissed──► candidates ──► digest

It is computed from the store by a fixed number of queries, however many skills there are, and says nothing that it
cannot show a run for.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from pydantic import BaseModel, ConfigDict
from sqlalchemy.engine import Connection

from sidecar.clock import moment
from sidecar.review.candidate import Candidate
from sidecar.review.digest import write_digest
from sidecar.review.dismissed import read_dismissed
from sidecar.review.kinds import FINDERS
from sidecar.review.measure import measure

__all__ = ["Candidate", "Evidence", "gather_evidence"]

CANDIDATES_AT_MOST = 30  # more than a person accepts in a week; the rest comes again in the next one


class Evidence(BaseModel):
    """What the command `review.evidence` answers: a text of bounded size, and the findings to choose from."""

    model_config = ConfigDict(frozen=True)

    since: datetime
    until: datetime
    digest: str
    candidates: list[Candidate]


def gather_evidence(connection: Connection, *, since: float, until: float) -> Evidence:
    """What the runs created in [since, until) show, held against the same time before; seconds since 1970."""
    week = measure(connection, since, until)
    dismissed = read_dismissed(week)
    found = _by_skill(
        candidate
        for candidate in _without_echoes([candidate for find in FINDERS for candidate in find(week)])
        if not any(item.answers(candidate) for item in dismissed.get(candidate.skill, ()))
    )
    candidates = found[:CANDIDATES_AT_MOST]
    return Evidence(
        since=moment(since),
        until=moment(until),
        digest=write_digest(week, found, candidates, dismissed),
        candidates=candidates,
    )


def _without_echoes(found: list[Candidate]) -> list[Candidate]:
    """A stale output also breaks what the skill declares about equal outputs: that is one fault, not two."""
    stale = {candidate.skill for candidate in found if candidate.kind == "stale output"}
    return [item for item in found if not (item.kind == "expectation" and item.skill in stale and _is_echo(item))]


def _is_echo(candidate: Candidate) -> bool:
    return candidate.sorts == {'begins with "the"'}


def _by_skill(found: Iterable[Candidate]) -> list[Candidate]:
    """A skill's candidates together, the skill with the gravest first."""
    grouped: dict[str, list[Candidate]] = {}
    for candidate in found:
        grouped.setdefault(candidate.skill, []).append(candidate)
    return [candidate for group in grouped.values() for candidate in group]
