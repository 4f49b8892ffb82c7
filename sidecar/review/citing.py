"""From a selection of bad runs to what evidence shows of them: how many of each sort, the first and the newest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from sidecar.review.week import SkillWeek, Week
from sidecar.store import Row

NEWEST_SHOWN = 3  # of each sort, beside the first: enough to look it up


@dataclass(frozen=True)
class Sort:
    """Runs of one skill that went wrong in the same way."""

    total: int
    rows: list[Row]  # the first and the newest, in their order

    @property
    def newest(self) -> Row:
        return self.rows[-1]

    @property
    def runs(self) -> list[str]:
        return [row.id for row in self.rows]


def sorted_out(
    week: Week, bad: sa.Select[Any] | sa.CompoundSelect[Any], *by: str
) -> Iterator[tuple[SkillWeek, list[Sort]]]:
    """Each skill with its sorts, the most frequent first. `bad` selects skill, part, seq, id and the columns `by`,
    which are the same within a sort; runs that do not stand for their skill are left out."""
    sorts: dict[str, dict[tuple[Any, ...], list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in week.connection.execute(_first_and_newest(bad.cte("bad"), by)):
        skill = week.skills.get(row.skill)
        if skill is not None and row.part == skill.part:
            sorts[row.skill][tuple(getattr(row, name) for name in by)].append(row)
    for name, found in sorts.items():
        listed = [Sort(rows[0].total, rows) for rows in found.values()]
        yield week.skills[name], sorted(listed, key=lambda sort: (-sort.total, sort.rows[0].seq))


def _first_and_newest(bad: sa.CTE, by: tuple[str, ...]) -> sa.Select[Any]:
    group = [bad.c[name] for name in ("skill", "part", *by)]
    numbered = sa.select(
        bad,
        sa.func.count().over(partition_by=group).label("total"),
        sa.func.row_number().over(partition_by=group, order_by=bad.c.seq).label("place"),
        sa.func.row_number().over(partition_by=group, order_by=bad.c.seq.desc()).label("from_end"),
    ).cte("numbered")
    shown = sa.or_(numbered.c.place == 1, numbered.c.from_end <= NEWEST_SHOWN)
    return sa.select(numbered).where(shown).order_by(numbered.c.seq)
