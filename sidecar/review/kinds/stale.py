"""Silent drift: a skill that keeps succeeding with the same output, although its outputs used to vary."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from sidecar.review.candidate import Candidate
from sidecar.review.week import SkillWeek, Week
from sidecar.review.words import VALUE_AT_MOST, count, day, short, value
from sidecar.store import Row

IN_A_ROW_AT_LEAST = 5  # a working week of a daily skill
TIMES_THE_LONGEST = 3  # a status is often the same for long: longer than ever before is what stands out
DIFFERENT_AT_LEAST = 2  # outputs before: a single other one is a first try, not variety


def find_stale_output(week: Week) -> Iterator[Candidate]:
    stale = [row for row in week.connection.execute(_streaks(week)) if _is_stale(week.skills[row.skill], row)]
    runs = week.runs_at(seq for row in stale for seq in (row.other, row.first, row.newest) if seq)
    for row in stale:
        yield _candidate(week.skills[row.skill], row, runs)


def _streaks(week: Week) -> sa.Select[tuple[object, ...]]:
    """Each skill's newest streak of equal outputs, if it goes on this week, and what came before it."""
    streak = _all_streaks(week)
    is_last = streak.c.number == streak.c.last

    def of_the_last(name: str) -> sa.ColumnElement[object]:
        return sa.func.max(streak.c[name]).filter(is_last).label(name)

    return (
        sa.select(
            streak.c.skill,
            *(of_the_last(name) for name in ("length", "first", "newest", "inputs", "current")),
            sa.func.substr(of_the_last("output"), 1, VALUE_AT_MOST + 1).label("output"),
            sa.func.max(streak.c.newest).filter(~is_last).label("other"),
            sa.func.coalesce(sa.func.max(streak.c.length).filter(~is_last), 0).label("longest"),
            sa.func.coalesce(sa.func.sum(streak.c.length).filter(~is_last), 0).label("before"),
            sa.func.count(sa.distinct(streak.c.output)).filter(~is_last).label("different"),
        )
        .group_by(streak.c.skill)
        .having(sa.func.max(streak.c.newest_at) >= week.since)
    )


def _all_streaks(week: Week) -> sa.CTE:
    """The good runs that had something to report, cut where the output changes. `number` counts a skill's streaks."""
    run = week.history.c
    output = sa.func.coalesce(sa.cast(run.output, sa.Text), "null")
    before = sa.func.lag(output).over(partition_by=run.skill, order_by=run.seq)
    changes = (
        sa.select(run.skill, run.seq, run.created_at, run.current, output.label("output"))
        .add_columns(sa.cast(run.input, sa.Text).label("input"), sa.cast(before != output, sa.Integer).label("changed"))
        .where(run.state == "succeeded", run.nothing_to_report.is_(None))
        .cte("changes")
    )
    number = sa.func.sum(sa.func.coalesce(changes.c.changed, 0)).over(
        partition_by=changes.c.skill, order_by=changes.c.seq
    )
    numbered = sa.select(changes, number.label("number")).cte("numbered")
    return (
        sa.select(
            numbered.c.skill,
            numbered.c.number,
            sa.func.count().label("length"),
            sa.func.min(numbered.c.seq).label("first"),
            sa.func.max(numbered.c.seq).label("newest"),
            sa.func.max(numbered.c.created_at).label("newest_at"),
            sa.func.max(numbered.c.output).label("output"),
            sa.func.count(sa.distinct(numbered.c.input)).label("inputs"),
            sa.func.count().filter(numbered.c.current).label("current"),
            sa.func.max(numbered.c.number).over(partition_by=numbered.c.skill).label("last"),
        )
        .group_by(numbered.c.skill, numbered.c.number)
        .cte("streaks")
    )


def _is_stale(skill: SkillWeek, row: Row) -> bool:
    if row.current == 0 and skill.part == "current":
        return False  # the active version has run, and is not in the streak
    if skill.same_output_at_most is not None:
        return bool(row.length > skill.same_output_at_most)
    if row.length < max(IN_A_ROW_AT_LEAST, TIMES_THE_LONGEST * row.longest):
        return False
    return bool(row.different >= DIFFERENT_AT_LEAST) or _ignores_its_input(row)


def _ignores_its_input(row: Row) -> bool:
    """Never another output, whatever the input was. A lone word, null or {} may well be all there is to say."""
    says_something = len(row.output) > len("{}") and row.output.startswith(("{", "["))
    return bool(says_something and row.before == 0 and row.inputs >= IN_A_ROW_AT_LEAST)


def _candidate(skill: SkillWeek, row: Row, runs: dict[int, Row]) -> Candidate:
    first, newest = runs[row.first], runs[row.newest]
    shown = value(row.output)
    return Candidate(
        skill=skill.name,
        version=skill.version,
        kind="stale output",
        summary=f"The same output {row.length:,} times in a row, since {day(first.created_at)}.",
        evidence=[
            f"The output of {count(row.length, 'run')} in a row: {shown}",
            _since(row, first, newest),
            _before(row, runs),
            *_inputs(row),
            *_declared(skill),
            *skill.caveat,
        ],
        runs=[*([runs[row.other].id] if row.other else []), first.id, *([newest.id] if newest.id != first.id else [])],
        sorts=frozenset({shown}),
    )


def _since(row: Row, first: Row, newest: Row) -> str:
    return (
        f"Since {day(first.created_at)} (first run {short(first.id)}, newest {short(newest.id)} at "
        f"{day(newest.created_at)}); {row.current:,} of them by the active version."
    )


def _before(row: Row, runs: dict[int, Row]) -> str:
    if not row.other:
        return "No other output is known."
    return (
        f"Before, {count(row.before, 'run')} gave {count(row.different, 'distinct output')}, the same at most "
        f"{row.longest:,} in a row; the last other one was run {short(runs[row.other].id)}."
    )


def _inputs(row: Row) -> list[str]:
    return [f"Their inputs differed: {row.inputs:,} distinct ones."] if row.inputs > 1 else []


def _declared(skill: SkillWeek) -> list[str]:
    at_most = skill.same_output_at_most
    return [] if at_most is None else [f"The skill declares that at most {at_most:,} in a row are expected."]
