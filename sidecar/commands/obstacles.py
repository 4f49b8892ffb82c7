"""What keeps a skill from running now, or one of its runs from starting."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sidecar.budget.capped import capped
from sidecar.budget.capped import told as told_cap
from sidecar.checker.report import Report
from sidecar.client import views
from sidecar.clock import moment
from sidecar.journal.runs import LIVE
from sidecar.journal.stops import stop_of, told, way_on
from sidecar.registry import Active
from sidecar.store import Row
from sidecar.store.schema import audit, runs
from sidecar.waiting import asked_about


def obstacles(
    connection: Connection, row: Row, active: Active | None, held: views.Quarantine | None, now: float
) -> Iterator[views.Obstacle]:
    if row.retired_at is not None:
        yield _retired(connection, row)
        return
    if stop := stop_of(connection, row.name):
        yield views.Obstacle(
            kind="stopped", told=f"{_upper(told(stop))}.", since=moment(stop.at), fix=way_on(stop.skill)
        )
    if row.paused:
        yield _paused(connection, row)
    if wait := capped(connection, row.name):
        yield views.Obstacle(
            kind="over cap", told=f"{told_cap(wait)}.", since=moment(wait.since), run=wait.run, fix=wait.command
        )
    if held:
        yield _quarantined(row.name, held)
    if row.newest and (approval := asked_about(connection, row.name, row.newest)):
        meanwhile = "; the version before stays live" if active else ": until then nothing runs"
        waits = f"Its newest bytes wait for a yes, since they may do more{meanwhile}."
        yield views.Obstacle(kind="waiting", told=waits, fix=f"tend approvals show {approval}")
    if row.report and (refused := _refused(row, active)):
        yield refused
    yield from _queued(connection, row.name, now)


def _retired(connection: Connection, row: Row) -> views.Obstacle:
    who, why, _ = _last_audit(connection, "retire", row.name)
    return views.Obstacle(
        kind="retired",
        told=f"{who} retired it{_because(why)}.",
        since=moment(row.retired_at),
        fix=f"tend skills history {row.name}",
    )


def _paused(connection: Connection, row: Row) -> views.Obstacle:
    who, why, at = _last_audit(connection, "pause", row.name)
    return views.Obstacle(
        kind="paused",
        told=f"{who} paused it{_because(why)}.",
        since=moment(at) if at is not None else None,
        fix=f"tend skills resume {row.name}",
    )


def _quarantined(name: str, held: views.Quarantine) -> views.Obstacle:
    trial = (
        f"Run {held.trial} is its trial"
        if held.trial
        else f"One trial is let through from {held.trial_from:%F %H:%M} UTC on"
    )
    return views.Obstacle(
        kind="quarantined",
        told=f"It is quarantined: {held.reason.rstrip('.')}. {trial}.",
        since=held.since,
        run=held.last_run,
        fix=f"tend skills resume {name}",
    )


def _refused(row: Row, active: Active | None) -> views.Obstacle | None:
    report = Report.model_validate(row.report)
    if report.passed or (active and report.hash == active.version):
        return None
    count = len(report.problems)
    consequence = "the version before stays live" if active else "nothing has passed yet, so nothing runs"
    return views.Obstacle(
        kind="refused",
        told=f"Its newest bytes were refused with {count} problem{'s' * (count != 1)}; {consequence}.",
        fix=f"tend skills check {row.name}",
    )


def _queued(connection: Connection, skill: str, now: float) -> Iterator[views.Obstacle]:
    """Runs that are ready and have to wait, and for which runs."""
    of_skill = (runs.c.skill == skill, runs.c.state.in_(LIVE))
    held = connection.execute(sa.select(runs).where(*of_skill, runs.c.admitted).order_by(runs.c.seq)).all()
    queued = connection.execute(
        sa.select(runs).where(*of_skill, runs.c.state == "queued", ~runs.c.admitted).order_by(runs.c.seq)
    ).all()
    for run in queued:
        holders = [holder for holder in held if holder.concurrency_key == run.concurrency_key]
        if run.ready_at > now:
            told = f"Run {run.id} starts when no further event has come by {moment(run.ready_at):%F %T} UTC: debounce."
            yield views.Obstacle(kind="queued", told=told, run=run.id)
            continue
        if len(holders) < run.concurrency:
            yield views.Obstacle(kind="queued", told=f"Run {run.id} starts when a worker is free.", run=run.id)
            continue
        names = ", ".join(f"{holder.id} ({_standing(holder)})" for holder in holders)
        yield views.Obstacle(
            kind="concurrency",
            told=f"Run {run.id} waits for {names}: concurrency={run.concurrency}.",
            run=holders[0].id,
            since=moment(run.created_at),
            fix=f"tend runs show {holders[0].id}",
        )


def _standing(run: Row) -> str:
    return f"waiting for {run.reason}" if run.state == "waiting" and run.reason else str(run.state)


def _last_audit(connection: Connection, what: str, subject: str) -> tuple[str, str, float | None]:
    """Who did it last, why, and when."""
    row = connection.execute(
        sa.select(audit.c.who, audit.c.why, audit.c.at)
        .where(audit.c.what == what, audit.c.subject == subject)
        .order_by(audit.c.seq.desc())
        .limit(1)
    ).first()
    return (_upper(row.who), row.why, row.at) if row else ("Somebody", "", None)


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _because(why: str) -> str:
    return f": {why.rstrip('.')}" if why else ""
