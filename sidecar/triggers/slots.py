"""Turns the slots that have come into rows and runs.

Whoever looks at a schedule, and however often: each slot since the last look gets its row, fired or not, with the
reason; the run of a fired slot is created in the same transaction. Where the clock was put back, what did not fire in
the time that comes again is judged again; what did fire has its row, and fires no more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from sidecar.budget import capped
from sidecar.budget.capped import OVER_CAP
from sidecar.failpoints import failpoint
from sidecar.journal.admission import NewRun, Skipped, create, create_all, new_run
from sidecar.journal.runs import new_ids
from sidecar.journal.stops import EVERYTHING, all_stops, told
from sidecar.quarantine.count import held_back, let_through, quarantined
from sidecar.registry import Active
from sidecar.store import Row, Store
from sidecar.store.prepared import Prepared
from sidecar.store.schema import runs, skills, slots
from sidecar.store.schema import schedules as schedule_rows
from sidecar.store.values import each_of, to_json
from sidecar.triggers.schedule import Schedule, Slot
from sidecar.triggers.timetable import Timetable

LATE_AFTER = 60.0  # seconds after its time, a slot is late
FIRES = ("fired", "late")


@dataclass(frozen=True)
class Look:
    """One skill's schedule is looked at. Worked out before it is: what is the same at each."""

    active: Active
    timetable: Timetable
    key: tuple[str, str]
    starts: NewRun  # what the run of each slot is, but for its id and its trigger

    @classmethod
    def at(cls, timetable: Timetable, active: Active) -> Look:
        starts = new_run(active.skill, active.version, active.manifest, trigger="")
        return cls(active, timetable, (active.skill, timetable.schedule.name), starts)


class _Due(NamedTuple):
    """One slot that has come, and what becomes of it."""

    look: Look
    slot: Slot
    outcome: str  # fired, late, missed, paused, stopped, over cap, merged, quarantined, skipped
    reason: str | None
    run: str | None = None  # the one that it starts, or that it is merged with

    @property
    def fires(self) -> bool:
        return self.outcome in FIRES

    def row(self, now: float) -> dict[str, Any]:
        skill, schedule = self.look.key
        return {
            "skill": skill,
            "schedule": schedule,
            "slot": self.slot.civil,
            "due_at": self.slot.due,
            "outcome": self.outcome,
            "reason": self.reason,
            "run": self.run,
            "created_at": now,
        }


class Accounted(NamedTuple):
    started: int  # runs
    replaced: frozenset[str]  # skills of which another version is active by now than is looked at


def account(connection: Connection, looks: Sequence[Look], now: float) -> Accounted:
    """Give every slot that has come its row, and its run. Of one skill, one schedule at a time: with the run that it
    starts, those of another are merged."""
    standing = _standing(connection, looks)
    queued = _queued_runs(connection, looks)
    held, stops, waits = quarantined(connection), all_stops(connection), capped.all_capped(connection)
    seen = []
    replaced = set()
    plain: list[_Due] = []
    ids = new_ids(len(looks))
    started = 0
    for look in looks:
        here = standing.get(look.key)
        skill = look.active.skill
        if here is None or here.active != look.active.version:
            replaced.add(skill)
            continue
        seen.append(look)
        if here.seen_until > now:
            _forget_what_did_not_fire(connection, look, now)
            continue
        judged = _judge(look, here.seen_until, now, _hold(here, stops, waits))
        merged = [_merged(due, queued.get(skill), ids) for due in judged]
        if skill in held or look.active.manifest.overlap != "queue":
            started += sum(_record_by_itself(connection, due, now) for due in merged)
        else:
            plain += merged
    started += _record(connection, plain, now)
    failpoint("triggers.account.before")
    _look_no_more(connection, seen, now)
    return Accounted(started, frozenset(replaced))


def seen_until(store: Store, looks: Sequence[Look]) -> dict[tuple[str, str], float]:
    """By the look's key: everything up to then has its row."""
    return {(row.skill, row.schedule): row.seen_until for row in store.rows(_STANDING, _skills_of(looks))}


def remember(connection: Connection, found: Sequence[tuple[Active, list[Schedule]]], now: float) -> None:
    """A new schedule counts from now; one that is declared no more is forgotten."""
    declared = {(active.skill, schedule.name) for active, schedules in found for schedule in schedules}
    here = schedule_rows.c.skill.in_([active.skill for active, _ in found])
    known = {(row.skill, row.schedule) for row in connection.execute(sa.select(schedule_rows).where(here))}
    added = [{"skill": skill, "schedule": name, "seen_until": now} for skill, name in declared - known]
    if added:
        connection.execute(schedule_rows.insert(), added)
    for skill, name in known - declared:
        connection.execute(
            schedule_rows.delete().where(schedule_rows.c.skill == skill, schedule_rows.c.schedule == name)
        )


# ---------------------------------------------------------------- what becomes of a slot


def _hold(here: Row, stops: Mapping[str, Row], waits: Mapping[str, Row]) -> tuple[str, str] | None:
    """Why none of its slots fires now: outcome and reason."""
    if stop := stops.get(EVERYTHING) or stops.get(here.skill):
        return "stopped", told(stop)
    if here.paused:
        return "paused", "the skill is paused"
    return (OVER_CAP, capped.told(waits[here.skill])) if here.skill in waits else None


def _judge(look: Look, since: float, now: float, hold: tuple[str, str] | None) -> list[_Due]:
    """On time they fire; of the late ones, those that the policy says."""
    kept, earlier = look.timetable.came(since, now)
    catch_up = look.active.manifest.catch_up
    judged = []
    for place, slot in enumerate(kept):
        late = now - slot.due > LATE_AFTER
        is_last = place == len(kept) - 1
        more = f"; {earlier:,} earlier ones too" if place == 0 and earlier else ""
        if hold:
            outcome, reason = hold
            judged.append(_Due(look, slot, outcome, f"{reason}{more}"))
        elif catch_up == "all" or (is_last and not (late and catch_up == "skip")):
            why = f"{_lateness(slot, now)}{more}" if late else None
            judged.append(_Due(look, slot, "late" if late else "fired", why))
        else:
            why = "a later one stands for it" if not is_last else "too late, and the skill does not catch up"
            judged.append(_Due(look, slot, "missed", f"nobody looked at its time; {why}{more}"))
    return judged


def _lateness(slot: Slot, now: float) -> str:
    return f"{now - slot.due:.0f} s after its time: no sidecar ran, or the machine slept"


def _merged(due: _Due, queued: str | None, ids: Iterator[str]) -> _Due:
    """`queued` is a run that was there before we looked. Where all are caught up, each late one has its own run."""
    if not due.fires:
        return due
    if queued is None or (due.outcome == "late" and due.look.active.manifest.catch_up == "all"):
        return _Due(due.look, due.slot, due.outcome, due.reason, next(ids))
    return due._replace(outcome="merged", reason=f"run {queued} has yet to start", run=queued)


# ---------------------------------------------------------------- rows


def _standing(connection: Connection, looks: Sequence[Look]) -> dict[tuple[str, str], Row]:
    found = _STANDING.rows(connection, _skills_of(looks))
    return {(row.skill, row.schedule): row for row in found}


def _queued_runs(connection: Connection, looks: Sequence[Look]) -> dict[str, str]:
    """By skill, a scheduled run that has not begun: a further slot would only say the same again."""
    return {row.skill: row.id for row in _QUEUED.rows(connection, _skills_of(looks))}


def _skills_of(looks: Sequence[Look]) -> dict[str, Any]:
    return {"skills": to_json([look.active.skill for look in looks])}


def _record(connection: Connection, dues: Sequence[_Due], now: float) -> int:
    """Store those slots that have no row yet, and the runs of those that fire; returns how many."""
    fired = _add(connection, dues, now)
    create_all(connection, [_run(due) for due in fired], now)
    return len(fired)


def _record_by_itself(connection: Connection, due: _Due, now: float) -> int:
    """The same for a slot whose turn decides whether it starts a run: of a quarantined skill one is let through, and of
    one that skips, those for which there is room."""
    skill = due.look.active.skill
    if due.fires and (reason := held_back(connection, skill, now)):
        due = due._replace(outcome="quarantined", reason=reason, run=None)
    if not _add(connection, [due], now):
        return 0
    try:
        let_through(connection, skill, create(connection, _run(due), now))
    except Skipped as no_room:
        name, schedule = due.look.key
        here = (slots.c.skill == name, slots.c.schedule == schedule, slots.c.slot == due.slot.civil)
        said = {"outcome": "skipped", "reason": str(no_room), "run": None}
        connection.execute(slots.update().where(*here).values(**said))
        return 0
    return 1


def _add(connection: Connection, dues: Sequence[_Due], now: float) -> list[_Due]:
    """Store those slots that have no row yet; returns those of them that fire."""
    if not dues:
        return []
    added = _ADD[connection.dialect.name].execute_many(connection, [due.row(now) for due in dues])
    fire = [due for due in dues if due.fires]
    if added < len(dues):  # then which? A run's id is nobody else's
        mine = set(connection.scalars(sa.select(slots.c.run).where(slots.c.run.in_([due.run for due in fire]))))
        fire = [due for due in fire if due.run in mine]
    return fire


def _run(due: _Due) -> NewRun:
    assert due.run is not None  # noqa: S101 # it fires
    return due.look.starts._replace(id=due.run, trigger=f"{due.look.key[1]} at {due.slot.civil}")


def _look_no_more(connection: Connection, looks: Sequence[Look], now: float) -> None:
    """Every slot up to now has its row."""
    if looks:
        keys = (look.key for look in looks)
        _SEEN.execute_many(
            connection, [{"of_skill": skill, "of_schedule": name, "seen_until": now} for skill, name in keys]
        )


def _forget_what_did_not_fire(connection: Connection, look: Look, now: float) -> None:
    """The clock was put back: slots whose time comes again are judged again, but for those that fired."""
    skill, schedule = look.key
    connection.execute(
        slots.delete().where(
            slots.c.skill == skill,
            slots.c.schedule == schedule,
            slots.c.due_at > now,
            slots.c.outcome.not_in(FIRES),
        )
    )


_SKILLS = each_of(sa.bindparam("skills", type_=sa.Text()))
_STANDING = Prepared(
    sa.select(schedule_rows, skills.c.active, skills.c.paused)
    .join(skills, skills.c.name == schedule_rows.c.skill)
    .where(schedule_rows.c.skill.op("IN")(_SKILLS))
)
_QUEUED = Prepared(
    sa.select(runs.c.skill, runs.c.id)
    .join(slots, slots.c.run == runs.c.id)
    .where(runs.c.skill.op("IN")(_SKILLS), runs.c.state == "queued", runs.c.attempts == 0)
)
_ADD = {
    name: Prepared(dialect.insert(slots).on_conflict_do_nothing())
    for name, dialect in (("sqlite", sqlite), ("postgresql", postgresql))
}
_SEEN = Prepared(
    schedule_rows.update().where(
        schedule_rows.c.skill == sa.bindparam("of_skill"), schedule_rows.c.schedule == sa.bindparam("of_schedule")
    )
)
