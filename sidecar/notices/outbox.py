"""The outbox's rows, and the states of a delivery.

    waiting ──► sent         the target has it
       ▲  └───► ambiguous    it may have it, and can't be asked ─┐
       │  └───► failed       refused, or tried too often         ├─► a person: retry (waiting again), or drop
       └─────────────────────────────────────────────────────────┘
    counted      the same was sent shortly before; the next of its kind says how many
    dropped      a person wants it no more

While `begun_at` is set the target may have the message: it is looked up before it is sent again.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sidecar.store import Row
from sidecar.store.schema import notices, outbox


@dataclass(frozen=True)
class Item:
    """One notice of a message."""

    skill: str
    run: str
    kind: str
    text: str
    at: float
    more: int  # of the same that were only counted


@dataclass(frozen=True)
class Message:
    """What is sent as one: a notice, or several for a target with a digest."""

    id: str
    target: str
    channel: str | None
    items: tuple[Item, ...]
    tries: int
    begun_at: float | None
    in_doubt: bool  # whether an earlier try may have brought it there
    reason: str | None  # why the last try did not bring it there


def head(connection: Connection, target: str) -> Row | None:
    """What is to be sent to this target next."""
    waiting = sa.select(outbox).where(outbox.c.target == target, outbox.c.state == "waiting")
    return connection.execute(waiting.order_by(outbox.c.seq).limit(1)).first()


def begin(connection: Connection, target: str, now: float, *, as_digest: bool) -> Message | None:
    """A try is about to be made. The first one settles what belongs to the message. None: nothing is to be sent now."""
    first = head(connection, target)
    if first is None or first.due_at > now:
        return None
    if first.message is None:
        _compose(connection, first, as_digest=as_digest)
    message = first.message or first.id
    values = {"tries": outbox.c.tries + 1, "begun_at": sa.func.coalesce(outbox.c.begun_at, now)}
    connection.execute(outbox.update().where(_waits(message)).values(**values))
    return _read(connection, message, in_doubt=first.begun_at is not None)


def _compose(connection: Connection, first: Row, *, as_digest: bool) -> None:
    alike = (outbox.c.target == first.target, outbox.c.channel.is_not_distinct_from(first.channel))
    unsent = sa.and_(*alike, outbox.c.state == "waiting", outbox.c.message.is_(None))
    chosen = unsent if as_digest else outbox.c.id == first.id
    connection.execute(outbox.update().where(chosen).values(message=first.id))
    mine = sa.select(outbox.c.sameness).where(outbox.c.message == first.id).scalar_subquery()
    counted = sa.and_(*alike, outbox.c.state == "counted", outbox.c.message.is_(None), outbox.c.sameness.in_(mine))
    connection.execute(outbox.update().where(counted).values(message=first.id))


def _read(connection: Connection, message: str, *, in_doubt: bool) -> Message:
    rows = connection.execute(
        sa.select(outbox, notices.c.skill, notices.c.run, notices.c.kind, notices.c.text, notices.c.at)
        .join(notices, notices.c.id == outbox.c.notice)
        .where(outbox.c.message == message)
        .order_by(outbox.c.seq)
    ).all()
    counted = Counter(row.sameness for row in rows if row.state == "counted")
    told = [row for row in rows if row.state != "counted"]
    last = {row.sameness: row.id for row in told}  # of several alike, one says how many more
    items = tuple(
        Item(row.skill, row.run, row.kind, row.text, row.at, counted[row.sameness] * (last[row.sameness] == row.id))
        for row in told
    )
    first = told[0]
    return Message(message, first.target, first.channel, items, first.tries, first.begun_at, in_doubt, first.reason)


def settle(
    connection: Connection, message: str, state: str, now: float, *, reason: str = "", remote: str | None = None
) -> None:
    """Whoever dropped it while it was sent is told that it was."""
    values = {"state": state, "reason": reason or None, "remote": remote, "ended_at": now, "begun_at": None}
    which = _may_change(message) if state == "sent" else _waits(message)
    connection.execute(outbox.update().where(which).values(**values))


def postpone(connection: Connection, message: str, due_at: float, reason: str, begun_at: float | None) -> None:
    """Not before `due_at`; where the target may have it, it is looked up then."""
    values = {"due_at": due_at, "reason": reason, "begun_at": begun_at}
    connection.execute(outbox.update().where(_waits(message)).values(**values))


def postpone_begun(connection: Connection, due_at: float) -> None:
    """What is on its way, as far as is known."""
    begun = sa.and_(outbox.c.state == "waiting", outbox.c.begun_at.is_not(None), outbox.c.due_at < due_at)
    connection.execute(outbox.update().where(begun).values(due_at=due_at))


def wait_again(connection: Connection, message: str, now: float) -> None:
    """A person wants it sent once more, under the same id, whatever became of it."""
    values = {"state": "waiting", "tries": 0, "due_at": now, "begun_at": None, "ended_at": None, "reason": None}
    connection.execute(outbox.update().where(_may_change(message)).values(**values))


def drop(connection: Connection, message: str, now: float) -> None:
    values = {"state": "dropped", "ended_at": now, "begun_at": None}
    connection.execute(outbox.update().where(_may_change(message)).values(**values))


def _waits(message: str) -> sa.ColumnElement[bool]:
    return sa.and_(outbox.c.message == message, outbox.c.state == "waiting")


def _may_change(message: str) -> sa.ColumnElement[bool]:
    """A row that was not sent yet has no message."""
    return sa.and_(sa.or_(outbox.c.message == message, outbox.c.id == message), outbox.c.state != "counted")
