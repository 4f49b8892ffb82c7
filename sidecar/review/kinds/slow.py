"""Runs that take much longer than they did the week before."""

from __future__ import annotations

from collections.abc import Iterator

from sidecar.review.candidate import Candidate, some
from sidecar.review.week import Durations, SkillWeek, Week
from sidecar.review.words import cited, count, short

TIMES_AS_LONG = 2.0  # below that, it is the weather
LONGER_AT_LEAST = 5.0  # seconds: nobody waits for less
RUNS_AT_LEAST = 5  # in both weeks: the median of fewer says little


def find_slow(week: Week) -> Iterator[Candidate]:
    for skill in week.skills.values():
        now, before = skill.durations.get(skill.part, Durations()), skill.durations.get("before", Durations())
        enough = min(now.runs, before.runs) >= RUNS_AT_LEAST
        longer = now.median - before.median >= LONGER_AT_LEAST and now.median >= TIMES_AS_LONG * before.median
        if enough and longer:
            yield _candidate(skill, now, before)


def _candidate(skill: SkillWeek, now: Durations, before: Durations) -> Candidate:
    return Candidate(
        skill=skill.name,
        version=skill.version,
        kind="slow",
        summary=f"Half of its runs took more than {now.median:.1f} s; the week before {before.median:.1f} s.",
        evidence=[
            f"This week: {_said(now)}. A typical run: {short(now.typical)}.",
            f"The week before: {_said(before)}.",
            f"The slowest: {cited(now.slowest)}.",
            *skill.caveat,
        ],
        runs=some((*now.slowest, now.typical)),
    )


def _said(durations: Durations) -> str:
    return (
        f"{count(durations.runs, 'run')} took {durations.median:.1f} s in the median, {durations.p90:.1f} s at the "
        f"90th percentile, {durations.longest:.1f} s at most"
    )
