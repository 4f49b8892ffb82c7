"""Alerts where nothing happens: a skill that falls silent, and a run that is not over in time.

What `expect=Expect(...)` says of a run is held against it when it ends; a run that does not end, or never comes, is
found here. `silence_at_most` counts from the last run that had something to report, or from when the version went live.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from sidecar.clock import Clock
from sidecar.journal.runs import FINAL
from sidecar.journal.stops import stop_of
from sidecar.moments import Moments
from sidecar.notices.alerts import RECOVERED, clear_alert, raise_alert, raised
from sidecar.notices.tell import Notice, alert
from sidecar.store import Row, Store, StoreError
from sidecar.store.schema import runs, skills, versions

LOOK_EVERY = 30.0  # seconds; it reads what each skill declares
SILENT, LATE = "silent", "late"
WELL_AGAIN = {SILENT: "{skill} reports again.", LATE: "{skill}: none of its runs is late any more."}

log = logging.getLogger(__name__)


class DeadMan:
    """Looks between `start` and `stop`, on a thread of its own."""

    def __init__(self, store: Store, clock: Clock, moments: Moments) -> None:
        self._store = store
        self._clock = clock
        self._moments = moments
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="dead-man", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

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

    def _serve(self) -> None:
        while not self._over.wait(LOOK_EVERY):
            try:
                self.look()
            except (StoreError, DBAPIError) as error:
                log.warning("nobody looks for silence until the store takes changes: %s", error)


def _tell(connection: Connection, wrong: dict[tuple[str, str], Notice], now: float) -> list[Notice]:
    told = [notice for (skill, _), notice in wrong.items() if raise_alert(connection, skill, notice, now)]
    for skill, kind in _known(connection) - set(wrong):
        well = alert(RECOVERED, skill=skill, text=WELL_AGAIN[kind].format(skill=skill))
        expected = any(row.name == skill for row in _expecting(connection, kind))  # else nobody waits for it any more
        if clear_alert(connection, skill, kind, well if expected else None, now) and expected:
            told.append(well)
    return told


def _known(connection: Connection) -> set[tuple[str, str]]:
    return {(skill, kind) for kind in (SILENT, LATE) for skill in raised(connection, kind)}


def _wrong(connection: Connection, now: float) -> dict[tuple[str, str], Notice]:
    found = [*_silent(connection, now), *_late(connection, now)]
    return {(notice.skill, notice.kind): notice for notice in found}


def _silent(connection: Connection, now: float) -> Iterator[Notice]:
    for skill in _expecting(connection, SILENT):
        silent = now - max(skill.activated_at or 0.0, _last_report(connection, skill.name))
        if silent > skill.at_most:
            text = (
                f"{skill.name} has had nothing to report for {_length(silent)}; it expects {_length(skill.at_most)} at "
                f"most. Why it ran, or did not: tend why {skill.name}"
            )
            yield alert(SILENT, skill=skill.name, text=text)


def _last_report(connection: Connection, skill: str) -> float:
    good = (runs.c.skill == skill, runs.c.state == "succeeded", ~runs.c.rehearsal, runs.c.trigger != "on_failure")
    newest = sa.select(runs.c.ended_at).where(*good, runs.c.nothing_to_report.is_(None)).order_by(runs.c.seq.desc())
    return connection.scalar(newest.limit(1)) or 0.0


def _late(connection: Connection, now: float) -> Iterator[Notice]:
    for skill in _expecting(connection, LATE):
        mine = (runs.c.skill == skill.name, runs.c.state.not_in(FINAL), ~runs.c.rehearsal)
        oldest = sa.select(runs).where(*mine, runs.c.started_at < now - skill.at_most).order_by(runs.c.seq)
        run = connection.execute(oldest.limit(1)).first()
        if run is not None:
            yield _late_notice(run, now - run.started_at, skill.at_most)


def _late_notice(run: Row, took: float, at_most: float) -> Notice:
    why = f" for {run.reason}" if run.reason else ""
    text = (
        f"{run.skill}: run {run.id} is {run.state}{why} {_length(took)} after it started, and is expected within "
        f"{_length(at_most)}. What it is at: tend runs show {run.id}"
    )
    return alert(LATE, skill=run.skill, text=text, run=run.id)


_EXPECTATION = {SILENT: "silence_at_most", LATE: "within"}


def _expecting(connection: Connection, kind: str) -> list[Row]:
    """The skills that declare it, and that nobody holds back: name, activated_at, at_most."""
    at_most = versions.c.manifest[("expect", _EXPECTATION[kind])].as_float()
    query = sa.select(skills.c.name, versions.c.activated_at, at_most.label("at_most"))
    live = (skills.c.origin == "workspace", skills.c.retired_at.is_(None), ~skills.c.paused, at_most.is_not(None))
    found = connection.execute(query.join(versions, versions.c.hash == skills.c.active).where(*live)).all()
    return [row for row in found if stop_of(connection, row.name) is None]


def _length(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
