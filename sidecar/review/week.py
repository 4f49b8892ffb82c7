"""The week under review: its skills, what is known of each, and the runs that count.

A skill is judged by the runs of the version that is active now. Only while that one has not finished a run, the runs
of the versions before it stand for the skill. The week before is there to compare with, whatever its versions.

    part of a run      when it was created      by which version
    "current"          this week                the active one
    "older"            this week                one before it
    "before"           the week before          any
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, TypeAlias

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sidecar.quarantine.count import blameless
from sidecar.review.words import short
from sidecar.store import Row
from sidecar.store.schema import runs, skills, versions

Part: TypeAlias = Literal["current", "older", "before"]

HISTORY = 12 * 7 * 86400.0  # seconds of history before the week's end: enough to know a skill's habits, and bounded


@dataclass(frozen=True)
class Counts:
    """How runs ended. `quiet` ones succeeded with nothing to report."""

    runs: int = 0
    succeeded: int = 0
    failed: int = 0
    quiet: int = 0
    newest_good: int = 0  # seq
    newest_failed: int = 0  # seq

    @property
    def finished(self) -> int:
        return self.succeeded + self.failed


@dataclass(frozen=True)
class Durations:
    """Seconds from start to end, of the runs that ended well and never had to wait."""

    runs: int = 0
    median: float = 0.0
    p90: float = 0.0
    longest: float = 0.0
    slowest: tuple[str, ...] = ()  # runs, slowest first
    typical: str = ""  # the run with the median


@dataclass(frozen=True)
class Cost:
    """US dollars for model calls, as far as their prices are known."""

    total: float = 0.0
    dearest: tuple[str, ...] = ()  # runs, dearest first


@dataclass(frozen=True)
class SkillWeek:
    """One active skill of the workspace, this week and the week before."""

    name: str
    version: str
    same_output_at_most: int | None  # declared
    counts: dict[Part, Counts] = field(default_factory=dict)
    durations: dict[Part, Durations] = field(default_factory=dict)
    costs: dict[Part, Cost] = field(default_factory=dict)
    slots: dict[str, int] = field(default_factory=dict)  # due this week, by outcome

    @property
    def part(self) -> Part:
        """Which of the week's runs stand for the skill."""
        return "older" if not self.in_("current").finished and self.in_("older").finished else "current"

    def in_(self, part: Part) -> Counts:
        return self.counts.get(part, Counts())

    @property
    def judged(self) -> Counts:
        return self.in_(self.part)

    @property
    def before(self) -> Counts:
        return self.in_("before")

    @property
    def caveat(self) -> list[str]:
        """A line of evidence where another version than the active one did it."""
        if self.part == "current":
            return []
        newer = short(self.version)
        return [f"All this was done by older versions; {newer} has replaced them and has not finished a run yet."]


@dataclass(frozen=True)
class Week:
    """`[since, until)`, on a connection that sees one state of the store."""

    connection: Connection
    since: float
    until: float
    skills: dict[str, SkillWeek] = field(default_factory=dict)

    @property
    def before(self) -> float:
        """When the week before began."""
        return self.since - (self.until - self.since)

    @cached_property
    def runs(self) -> sa.CTE:
        """The runs of this week and the week before that count, with their `part`."""
        return self._since(self.before).cte("counted")

    @cached_property
    def history(self) -> sa.CTE:
        """The same further back, as far as habits are read."""
        return self._since(min(self.until - HISTORY, self.before)).cte("history")

    def _since(self, start: float) -> sa.Select[*tuple[object, ...]]:
        current = runs.c.version == skills.c.active
        part = sa.case((runs.c.created_at < self.since, "before"), (current, "current"), else_="older")
        return (
            sa.select(runs, part.label("part"), current.label("current"))
            .join(skills, skills.c.name == runs.c.skill)
            .where(
                of_the_workspace(),
                ~runs.c.rehearsal,
                runs.c.trigger != "on_failure",  # a handler of a run that is counted
                runs.c.seq > self._last_seq_before(start),
                runs.c.created_at >= start,
                runs.c.created_at < self.until,
            )
        )

    def _last_seq_before(self, start: float) -> int:
        """Runs are numbered as they are created: what lies before need not be read at all."""
        return self.connection.scalar(sa.select(sa.func.max(runs.c.seq)).where(runs.c.created_at < start)) or 0

    @property
    def failed(self) -> sa.ColumnElement[bool]:
        """Of `runs`: those that failed for what may be a fault of their skill."""
        why = sa.func.coalesce(self.runs.c.error["type"].as_string(), "")
        return sa.and_(self.runs.c.state == "failed", ~blameless(self.runs.c.id, why))

    def runs_at(self, seqs: Iterable[int]) -> dict[int, Row]:
        """Id, time and version of runs that a query named by their number."""
        query = sa.select(runs.c.seq, runs.c.id, runs.c.created_at, runs.c.version).where(runs.c.seq.in_(set(seqs)))
        return {row.seq: row for row in self.connection.execute(query)}


def of_the_workspace() -> sa.ColumnElement[bool]:
    """Skills that the agent may revise: the workspace's own, and not retired."""
    return sa.and_(skills.c.origin == "workspace", skills.c.active.is_not(None), skills.c.retired_at.is_(None))


def active_skills(connection: Connection) -> list[Row]:
    same = versions.c.manifest["expect"]["same_output_at_most"].as_integer().label("same_output_at_most")
    query = sa.select(skills.c.name, skills.c.active, same).join(versions, versions.c.hash == skills.c.active)
    return list(connection.execute(query.where(of_the_workspace()).order_by(skills.c.name)))
