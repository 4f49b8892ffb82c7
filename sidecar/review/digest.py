"""The week as the model reads it: in numbers, a line for each skill, then what misfires in detail; bounded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sidecar.review.candidate import Candidate
from sidecar.review.dismissed import Dismissed
from sidecar.review.week import Cost, Counts, Durations, Part, SkillWeek, Week
from sidecar.review.words import count, day, short

DIGEST_AT_MOST = 12_000  # characters: some 3,000 tokens, so that a hundred skills cost no more to review than ten
LINES_AT_MOST = 5_000  # of them for the line of each skill; the rest is for details
DISMISSED_SHOWN = 2  # of each skill, the newest


def write_digest(
    week: Week,
    found: Sequence[Candidate],
    chosen: Sequence[Candidate],
    dismissed: Mapping[str, Sequence[Dismissed]],
) -> str:
    """`found` is what the lines name, `chosen` those of it that the model may choose and reads in detail. Misfiring
    skills come first, and where the text is cut it is cut after a whole skill, with a mark."""
    misfiring, detailed = _by_skill(found), _by_skill(chosen)
    others = [name for name in week.skills if name not in misfiring]
    head = "\n".join((_numbers(week, misfiring), *_left_out(len(found) - len(chosen))))
    lines = [_line(week.skills[name], misfiring.get(name, ())) for name in (*misfiring, *others)]
    refused = [name for name in others if dismissed.get(name)]
    details = [_detail(name, detailed.get(name, ()), dismissed.get(name, ())) for name in (*detailed, *refused)]
    told = f"{head}\n\nThe skills:\n{_bounded(lines, LINES_AT_MOST)}\n\nIn detail:\n"
    return told + (_bounded(details, DIGEST_AT_MOST - len(told)) or "nothing")


def _by_skill(candidates: Iterable[Candidate]) -> dict[str, list[Candidate]]:
    grouped: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        grouped.setdefault(candidate.skill, []).append(candidate)
    return grouped


def _numbers(week: Week, misfiring: Mapping[str, object]) -> str:
    parts: tuple[Part, ...] = ("current", "older")
    counts = [skill.in_(part) for skill in week.skills.values() for part in parts]
    before = [skill.before for skill in week.skills.values()]
    return (
        f"From {day(week.since)} to {day(week.until)}: {_outcomes(counts)} of {count(len(week.skills), 'skill')}; "
        f"the week before {_outcomes(before)}. Skills that may misfire: {len(misfiring):,}."
    )


def _outcomes(counts: Sequence[Counts]) -> str:
    return f"{count(sum(item.runs for item in counts), 'run')}, {sum(item.failed for item in counts):,} failed"


def _left_out(candidates: int) -> list[str]:
    return [f"[{count(candidates, 'further candidate')} left out: mend these first]"] if candidates else []


def _line(skill: SkillWeek, candidates: Iterable[Candidate]) -> str:
    kinds = ", ".join(candidate.kind for candidate in candidates) or "no candidate"
    numbers = "; ".join(
        said for said in (_runs(skill), _took(skill), _spent(skill), _due(skill), _replaced(skill)) if said
    )
    return f"- {skill.name} ({short(skill.version)}): {kinds}. {numbers}"


def _runs(skill: SkillWeek) -> str:
    return f"good {_good(skill.judged)}, the week before {_good(skill.before)}"


def _good(counts: Counts) -> str:
    share = f" ({counts.succeeded / counts.finished:.0%})" if counts.finished else ""
    quiet = f", {counts.quiet:,} of them quiet" if counts.quiet else ""
    return f"{counts.succeeded:,} of {count(counts.finished, 'run')}{share}{quiet}"


def _took(skill: SkillWeek) -> str:
    now, before = (skill.durations.get(part, Durations()) for part in (skill.part, "before"))
    return f"median {now.median:.1f} s, before {before.median:.1f} s" if now.runs and before.runs else ""


def _spent(skill: SkillWeek) -> str:
    now, before = (skill.costs.get(part, Cost()).total for part in (skill.part, "before"))
    return f"${now:.2f}, before ${before:.2f}" if now or before else ""


def _due(skill: SkillWeek) -> str:
    """Slots that did not fire in time."""
    return ", ".join(f"{number:,} {outcome}" for outcome, number in sorted(skill.slots.items()) if outcome != "fired")


def _replaced(skill: SkillWeek) -> str:
    older = skill.in_("older").runs
    return f"{older:,} more by older versions" if older and skill.part == "current" else ""


def _detail(name: str, candidates: Sequence[Candidate], dismissed: Sequence[Dismissed]) -> str:
    told = [f"## {name}"]
    for candidate in candidates:
        told += [f"{candidate.kind}: {candidate.summary}", *(f"- {line}" for line in candidate.evidence)]
    told += [f"- {item.line}" for item in dismissed[:DISMISSED_SHOWN]]
    return "\n".join(told)


def _bounded(blocks: Sequence[str], at_most: int) -> str:
    """As many whole blocks as fit, and a mark that says how many did not."""
    mark_at_most = 60
    kept: list[str] = []
    room = at_most - mark_at_most
    for block in blocks:
        room -= len(block) + 1
        if room < 0:
            return "\n".join((*kept, f"[{count(len(blocks) - len(kept), 'more skill')} left out here]"))
        kept.append(block)
    return "\n".join(kept)
