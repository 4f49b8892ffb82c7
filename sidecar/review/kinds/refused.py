"""Approvals that a person denied: the skill asks for what it should not do."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from sidecar.review.candidate import Candidate, some
from sidecar.review.citing import Sort, sorted_out
from sidecar.review.week import SkillWeek, Week
from sidecar.review.words import VALUE_AT_MOST, count, quote, short
from sidecar.store import Row
from sidecar.store.schema import approvals

DENIED_AT_LEAST = 2  # a single no is an answer
SHARE_AT_LEAST = 0.5  # of those that were answered: a person who mostly agrees is asked the right thing


def find_refused_approvals(week: Week) -> Iterator[Candidate]:
    for skill, sorts in sorted_out(week, _answered(week), "state"):
        by_state = {sort.newest.state: sort for sort in sorts}
        denied, answered = by_state.get("denied"), sum(sort.total for sort in sorts)
        if denied and denied.total >= max(DENIED_AT_LEAST, SHARE_AT_LEAST * answered):
            yield _candidate(skill, denied, answered)


def _answered(week: Week) -> sa.Select[tuple[object, ...]]:
    """Answered this week, whenever the run began."""
    run = week.history.c
    return (
        sa.select(
            run.skill,
            sa.case((run.current, "current"), else_="older").label("part"),
            run.seq,
            run.id,
            approvals.c.state,
            sa.func.substr(approvals.c.question, 1, VALUE_AT_MOST + 1).label("question"),
            approvals.c.answer_reason,
        )
        .join(approvals, approvals.c.run == run.id)
        .where(
            approvals.c.kind == "approval",
            approvals.c.state.in_(("approved", "denied")),
            approvals.c.grant_used.is_(None),  # a person said it of this one
            approvals.c.answered_at >= week.since,
            approvals.c.answered_at < week.until,
        )
    )


def _candidate(skill: SkillWeek, denied: Sort, answered: int) -> Candidate:
    said = f"{denied.total:,} of {count(answered, 'answered approval')} were denied"
    return Candidate(
        skill=skill.name,
        version=skill.version,
        kind="refused approvals",
        summary=f"{said}; the newest asked {quote(denied.newest.question)}.",
        evidence=[f"{said}.", *(_line(row) for row in denied.rows), *skill.caveat],
        runs=some(denied.runs),
    )


def _line(row: Row) -> str:
    why = f"because {quote(row.answer_reason)}" if row.answer_reason else "without a reason"
    return f"Run {short(row.id)} asked {quote(row.question)} and was denied, {why}."
