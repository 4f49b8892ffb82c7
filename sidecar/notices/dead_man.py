"""Alerts where nothing happens: a skill that falls silent, and a run that is not over in time.

What `expect=Expect(...)` says of a run is held against it when it ends; a run that does not end, or never comes, is
found here. `silence_at_most` counts from the last run that had something to report, or from when the version went live.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sidecar.checker.manifest import Manifest
from sidecar.clock import Clock
from sidecar.journal.runs import LIVE
from sidecar.journal.stops import EVERYTHING, all_stops
from sidecar.looking import Looking
from sidecar.moments import Moments
from sidecar.notices.alerts import RECOVERED, clear_alert, raise_alert, raised
from sidecar.notices.tell import Notice, alert
from sidecar.store import Row, Store
from sidecar.store.schema import expected, runs, skills

LOOK_EVERY = 30.0  # seconds; at the start as long is left to the runs that have to be made up for
SILENT, LATE = "silent", "late"
WELL_AGAIN = {SILENT: "{skill} reports again.", LATE: "{skill}: none of its runs is late any more."}


def hold_to(connection: Connection, skill: str, manifest: Manifest | None, now: float) -> None:
    """From now on the skill's active version is held to what this manifest declares; without one, to nothing."""
    connection.execute(expected.delete().where(expected.c.skill == skill))
    if manifest is not None:
        declared = {SILENT: manifest.expect.silence_at_most, LATE: manifest.expect.within}
        rows = [
            {"skill": skill, "kind": kind, "at_most": at_most, "since": now}
            for kind, at_most in declared.items()
            if at_most is not None
        ]
        if rows:
            connection.execute(expected.insert(), rows)


class DeadMan:
    """Looks twice a minute."""

    def __init__(self, store: Store, clock: Clock, moments: Moments) -> None:
        self._store = store
        self._clock = clock
        self._moments = moments
        self.looking = Looking(clock, self._look, "dead-man", every=LOOK_EVERY, at_once=False)

    def look(self) -> list[Notice]:
        """Tell what is wrong since the last look, and what is well again."""
        now = self._clock.now()
        wrong = self._store.read(lambda connection: _wrong(connection, now))
        if self._store.read(_known) == set(wrong):
            return []
        told = self._store.write(lambda connection: _tell(connection, wrong, now))
        for notice in told:
            self._moments.publish("notice", run=notice.run, skill=notice.skill, target=notice.target, text=notice.text)
        return told

    def _look(self) -> None:
        self.look()


def _tell(connection: Connection, wrong: dict[tuple[str, str], Notice], now: float) -> list[Notice]:
    told = [notice for (skill, _), notice in wrong.items() if raise_alert(connection, skill, notice, now)]
    still = sa.select(expected.c.skill, expected.c.kind).where(_goes_on(connection))
    held = {(row.skill, row.kind) for row in connection.execute(still)}
    for skill, kind in _known(connection) - set(wrong):
        well = None  # nobody waits for it any more
        if (skill, kind) in held:
            well = alert(RECOVERED, skill=skill, text=WELL_AGAIN[kind].format(skill=skill))
        if clear_alert(connection, skill, kind, well, now) and well:
            told.append(well)
    return told


def _known(connection: Connection) -> set[tuple[str, str]]:
    return {(skill, kind) for kind in (SILENT, LATE) for skill in raised(connection, kind)}


def _wrong(connection: Connection, now: float) -> dict[tuple[str, str], Notice]:
    found = [*_silent(connection, now), *_late(connection, now)]
    return {(notice.skill, notice.kind): notice for notice in found}


def silences() -> sa.Select[Any]:
    """Each skill that is held to it, with the time since when it has had nothing to report."""
    good = (runs.c.skill == expected.c.skill, runs.c.state == "succeeded", runs.c.ended_at > expected.c.since)
    reports = (*good, ~runs.c.rehearsal, runs.c.trigger != "on_failure", runs.c.nothing_to_report.is_(None))
    last = sa.select(runs.c.ended_at).where(*reports).order_by(runs.c.seq.desc()).limit(1).scalar_subquery()
    quiet_since = sa.func.coalesce(last, expected.c.since)
    return sa.select(expected, quiet_since.label("quiet_since")).where(expected.c.kind == SILENT)


def _silent(connection: Connection, now: float) -> Iterator[Notice]:
    for row in connection.execute(silences().where(_goes_on(connection))):
        silent = now - row.quiet_since
        if silent > row.at_most:
            text = (
                f"{row.skill} has had nothing to report for {_length(silent)}; it expects {_length(row.at_most)} at "
                f"most. Why it ran, or did not: tend why {row.skill}"
            )
            yield alert(SILENT, skill=row.skill, text=text)


def _late(connection: Connection, now: float) -> Iterator[Notice]:
    """Of each skill, the oldest run that is late."""
    late = (runs.c.state.in_(LIVE), ~runs.c.rehearsal, runs.c.started_at < now - expected.c.at_most)
    held = sa.select(runs, expected.c.at_most).join(expected, expected.c.skill == runs.c.skill)
    query = held.where(expected.c.kind == LATE, *late, _goes_on(connection)).order_by(runs.c.seq.desc())
    for run in {run.skill: run for run in connection.execute(query)}.values():
        yield _late_notice(run, now - run.started_at, run.at_most)


def _late_notice(run: Row, took: float, at_most: float) -> Notice:
    why = f" for {run.reason}" if run.reason else ""
    text = (
        f"{run.skill}: run {run.id} is {run.state}{why} {_length(took)} after it started, and is expected within "
        f"{_length(at_most)}. What it is at: tend runs show {run.id}"
    )
    return alert(LATE, skill=run.skill, text=text, run=run.id)


def _goes_on(connection: Connection) -> sa.ColumnElement[bool]:
    """Nobody holds the skill back."""
    stopped = all_stops(connection)
    if EVERYTHING in stopped:
        return sa.false()
    paused = sa.exists().where(skills.c.name == expected.c.skill, skills.c.paused)
    return sa.and_(expected.c.skill.not_in(list(stopped)), ~paused)


def _length(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
