"""The finished reviews: one row for each run of the review."""

from __future__ import annotations

from pydantic import JsonValue
from sqlalchemy import select
from sqlalchemy.engine import Connection

from sidecar.store import Row
from sidecar.store.schema import reviews
from sidecar.store.values import insert

WEEK = 7 * 86400.0  # seconds
REVIEWED_AT_MOST = 4 * WEEK


def unreviewed_since(connection: Connection, now: float) -> float:
    """Where a review that comes now begins: a week ago, or where the last one ended, if that is longer ago."""
    last = latest_review(connection)
    return max(now - REVIEWED_AT_MOST, min(now - WEEK, last.until if last else now))


def record_review(
    connection: Connection,
    run: str,
    at: float,
    since: float,
    until: float,
    summary: str,
    findings: list[JsonValue],
) -> None:
    """Keep what the review found; said again by the same run, it replaces what was there."""
    said = {"at": at, "since": since, "until": until, "summary": summary, "findings": findings}
    row = insert(connection, reviews).values(run=run, **said)
    connection.execute(row.on_conflict_do_update(index_elements=["run"], set_=said))


def latest_review(connection: Connection) -> Row | None:
    return connection.execute(select(reviews).order_by(reviews.c.at.desc()).limit(1)).first()
