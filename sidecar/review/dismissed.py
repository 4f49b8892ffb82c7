"""Proposals that a person dismissed: the refusal stands for a while, and the model is told."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass

import sqlalchemy as sa

from sidecar.review.candidate import Candidate
from sidecar.review.week import Week
from sidecar.review.words import day, name, quote
from sidecar.store.schema import proposals

STANDS_FOR = 4 * 7 * 86400.0  # seconds; after that things may have changed, and it may be asked once more


@dataclass(frozen=True)
class Dismissed:
    """A finding whose revision a person did not want."""

    kind: str  # several are joined by ", "
    evidence: str
    at: float
    reason: str | None

    @property
    def line(self) -> str:
        why = f"because {quote(self.reason)}" if self.reason else "without a reason"
        return f"A person dismissed a revision for {name(self.kind)} on {day(self.at)}, {why}. Don't propose it again."

    def answers(self, candidate: Candidate) -> bool:
        """Whether it was about the same, and knew of every sort of evidence that there is now."""
        same_kind = candidate.kind in self.kind.split(", ")
        return same_kind and all(self._knew_of(sort) for sort in candidate.sorts)

    def _knew_of(self, sort: str) -> bool:
        """Whether it stands in a line by itself, and not as a part of something longer."""
        return re.search(rf" {re.escape(sort)}($| \(run|, the newest)", self.evidence, re.MULTILINE) is not None


def read_dismissed(week: Week) -> dict[str, list[Dismissed]]:
    """By skill, newest first."""
    query = (
        sa.select(proposals.c.skill, proposals.c.finding, proposals.c.decided_at, proposals.c.decision_reason)
        .where(
            proposals.c.state == "dismissed",
            proposals.c.decided_at >= week.until - STANDS_FOR,
            proposals.c.decided_at < week.until,
            proposals.c.finding.is_not(None),
        )
        .order_by(proposals.c.decided_at.desc())
    )
    found: dict[str, list[Dismissed]] = defaultdict(list)
    for skill, finding, at, reason in week.connection.execute(query):
        found[skill].append(Dismissed(finding["kind"], "\n".join(finding["evidence"]), at, reason))
    return found
