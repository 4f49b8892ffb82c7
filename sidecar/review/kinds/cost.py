"""Model calls that cost much more than they did the week before."""

from __future__ import annotations

from collections.abc import Iterator

from sidecar.review.candidate import Candidate
from sidecar.review.week import Cost, SkillWeek, Week
from sidecar.review.words import cited, count

TIMES_AS_DEAR = 2.0  # for each run: more runs may well cost more
USD_AT_LEAST = 0.5  # in the week: a revision costs about that itself
RUNS_AT_LEAST = 3  # in both weeks: one long conversation is no trend


def find_cost(week: Week) -> Iterator[Candidate]:
    for skill in week.skills.values():
        now, before = skill.costs.get(skill.part, Cost()), skill.costs.get("before", Cost())
        enough = min(skill.judged.runs, skill.before.runs) >= RUNS_AT_LEAST
        if not enough or now.total < USD_AT_LEAST or before.total <= 0:
            continue
        if now.total / skill.judged.runs >= TIMES_AS_DEAR * before.total / skill.before.runs:
            yield _candidate(skill, now, before)


def _candidate(skill: SkillWeek, now: Cost, before: Cost) -> Candidate:
    one, other = now.total / skill.judged.runs, before.total / skill.before.runs
    return Candidate(
        skill=skill.name,
        version=skill.version,
        kind="cost",
        summary=f"A run cost ${one:.4f} in model calls; the week before ${other:.4f}.",
        evidence=[
            f"This week: ${now.total:.2f} for {count(skill.judged.runs, 'run')}, ${one:.4f} each.",
            f"The week before: ${before.total:.2f} for {count(skill.before.runs, 'run')}, ${other:.4f} each.",
            f"The dearest: {cited(now.dearest)}.",
            *skill.caveat,
        ],
        runs=list(now.dearest),
    )
