"""Skills as people see them: how each stands, when it runs next, and how its last run went.

Where skills are many, what is asked of all is asked at once, and a report is read where it says something new.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TypeAlias

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sidecar.checker.manifest import Manifest
from sidecar.client import views
from sidecar.clock import Clock, moment
from sidecar.commands.show import run_views
from sidecar.journal.stops import all_stops
from sidecar.quarantine.count import quarantines
from sidecar.registry import Declared, NoSuchSkill, Registry
from sidecar.store import Row, Store
from sidecar.store.schema import approvals, runs, skills
from sidecar.triggers.schedule import in_words
from sidecar.triggers.watch import Triggers

NEXT_TIMES = 3

Held: TypeAlias = Mapping[str, views.Quarantine]  # by skill


@dataclass(frozen=True)
class Tally:
    """Of all skills that are not retired: how many stand how, those that ship with Tend aside; and who is next."""

    skills: int
    paused: int
    quarantined: int
    broken: int
    next_up: tuple[views.Skill, ...]


class SkillViews:
    def __init__(self, store: Store, clock: Clock, registry: Registry, triggers: Triggers) -> None:
        self._store = store
        self._clock = clock
        self._registry = registry
        self._triggers = triggers

    def all(self) -> list[views.Skill]:
        shown = self._store.read(lambda connection: self._views(connection, _IS_HERE, *_held(connection)))
        return sorted(shown, key=_own_first)

    def names(self) -> list[str]:
        return [row.name for row in sorted(self._store.rows(_NAMES), key=_own_first)]

    def one(self, name: str) -> views.Skill:
        """Retired or not. Raises NoSuchSkill."""
        which = skills.c.name == name
        shown = self._store.read(lambda connection: self._views(connection, which, *_held(connection)))
        if not shown:
            raise NoSuchSkill(name)
        return shown[0]

    def tally(self, connection: Connection, next_up: int) -> Tally:
        """With so many of those that run next."""
        held, stops = _held(connection)
        odd = connection.execute(
            _ROWS.where(_IS_HERE, sa.or_(skills.c.paused, _HAS_NEWS, skills.c.name.in_(held))).order_by(skills.c.name)
        ).all()
        theirs = [row for row in odd if row.origin == "workspace"]
        resting = {row.name for row in odd if row.paused} | stops.keys()
        return Tally(
            skills=connection.execute(_HOW_MANY).scalar_one(),
            paused=sum(row.paused for row in theirs),
            quarantined=sum(row.name in held for row in theirs),
            broken=sum(_problems(row) > 0 for row in theirs),
            next_up=tuple(self._next_up(connection, resting, held, stops, next_up)),
        )

    def next_times(self, manifest: Manifest, held: views.Quarantine | None = None) -> tuple[datetime, ...]:
        """Of a quarantined skill, those that may start its trial."""
        if held and held.trial:
            return ()
        now = self._clock.now()
        if held:
            now = max(now, held.trial_from.timestamp())
        found = self._triggers.schedules(manifest)
        due = sorted(slot.due for schedule in found for slot in islice(schedule.after(now), NEXT_TIMES))
        return tuple(moment(time) for time in due[:NEXT_TIMES])

    def words(self, manifest: Manifest) -> str:
        return in_words(self._triggers.schedules(manifest), manifest.events)

    # ------------------------------------------------------------ inside

    def _views(
        self, connection: Connection, which: sa.ColumnElement[bool], held: Held, stops: Container[str]
    ) -> list[views.Skill]:
        rows = connection.execute(_ROWS.where(which)).all()
        declared = self._registry.declared(connection, {row.name: row.active for row in rows if row.active})
        last = {run.skill: run for run in _last_runs(connection, which)}
        return [
            self._view(row, declared.get(row.name), last.get(row.name), held.get(row.name), stopped=row.name in stops)
            for row in rows
        ]

    def _view(
        self, row: Row, active: Declared | None, last: views.Run | None, held: views.Quarantine | None, *, stopped: bool
    ) -> views.Skill:
        return views.Skill(
            name=row.name,
            purpose=active.manifest.purpose if active else "",
            origin=row.origin,
            version=row.active,
            schedule=self.words(active.manifest) if active else "",
            next_at=None if row.paused or stopped or active is None else self._next_at(active, held),
            paused=row.paused,
            paused_reason=row.paused_reason,
            quarantine=held,
            stopped=stopped,
            last_run=last,
            problems=_problems(row),
            waits=row.waits,
        )

    def _next_up(
        self, connection: Connection, resting: Container[str], held: Held, stops: Container[str], count: int
    ) -> list[views.Skill]:
        """The quarantined ones are next when their trial is."""
        wait = islice((name for name in self._triggers.coming() if name not in held and name not in resting), count)
        names = [*wait, *(name for name in held if name not in resting)]
        which = skills.c.name.in_(names) if self._triggers.watching else sa.true()
        shown = self._views(connection, sa.and_(_IS_HERE, which), held, stops)
        return sorted((skill for skill in shown if skill.next_at), key=_next_at)[:count]

    def _next_at(self, active: Declared, held: views.Quarantine | None) -> datetime | None:
        """On a host that leads, and so keeps the schedules, it is known already; that counts where skills are many."""
        due = None if held else self._triggers.next_due(active.manifest)
        return next(iter(self.next_times(active.manifest, held)), None) if due is None else moment(due)


def _held(connection: Connection) -> tuple[Held, dict[str, Row]]:
    """The skills that are quarantined, and those that are stopped."""
    return quarantines(connection), all_stops(connection)


def _own_first(skill: views.Skill | Row) -> tuple[bool, str]:
    """The order of a list. Not the database's: PostgreSQL's depends on where it was set up."""
    return skill.origin == "shipped", skill.name


_IS_HERE = skills.c.retired_at.is_(None)
_HOW_MANY = sa.select(sa.func.count()).where(_IS_HERE, skills.c.origin == "workspace")
_NAMES = sa.select(skills.c.name, skills.c.origin).where(_IS_HERE)
_HAS_NEWS = sa.or_(skills.c.active.is_(None), skills.c.newest.is_distinct_from(skills.c.active))  # or waits for a yes
_ASKED = (  # about the newest version: there is one such question at most
    sa.select(approvals.c.id)
    .where(approvals.c.state == "open", approvals.c.kind == "version", approvals.c.skill == skills.c.name)
    .limit(1)
    .scalar_subquery()
)
_ROWS = sa.select(
    skills.c.name,
    skills.c.origin,
    skills.c.active,
    skills.c.paused,
    skills.c.paused_reason,
    sa.type_coerce(sa.case((_HAS_NEWS, skills.c.report)), sa.JSON).label("report"),
    sa.case((_HAS_NEWS, _ASKED)).label("waits"),
)


def _problems(row: Row) -> int:
    """Of the newest bytes, where they are not what is active."""
    return len(row.report["problems"]) if row.report else 0


def _last_runs(connection: Connection, which: sa.ColumnElement[bool]) -> list[views.Run]:
    counted = (runs.c.skill == skills.c.name, ~runs.c.rehearsal, runs.c.trigger != "on_failure")
    newest_of = sa.select(runs.c.seq).where(*counted).order_by(runs.c.seq.desc()).limit(1).scalar_subquery()
    newest = sa.select(newest_of).select_from(skills).where(which)  # by each skill's index: its other runs are not read
    return run_views(connection, connection.execute(sa.select(runs).where(runs.c.seq.in_(newest))).all())


def _next_at(skill: views.Skill) -> datetime:
    assert skill.next_at is not None  # noqa: S101 # filtered
    return skill.next_at
