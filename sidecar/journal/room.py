"""Which runs may start: those that are ready, as far as their concurrency leaves them room.

A run that has begun keeps its room while it waits, so a resumed one always finds it. One that is handed over to the
hosts has its room from then on; a more urgent one takes it away, as long as nobody has begun (handing.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from itertools import islice
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sidecar.journal.stops import EVERYTHING, all_stops
from sidecar.store.prepared import Prepared
from sidecar.store.schema import runs
from sidecar.store.values import each_of, to_json

PAGE = 200  # runs that are looked at together
BEFORE_ALL = {"priority": 2**31 - 1, "seq": 0}

is_ready = sa.and_(sa.text("runs.state = 'queued'"), ~runs.c.handed_over)  # the index, in its words
_READY_AT: sa.ColumnElement[float] = sa.literal_column("+runs.ready_at")  # by no index: that would have to be sorted
_NOW: sa.BindParameter[Any] = sa.bindparam("now")
_PRIORITY: sa.BindParameter[Any] = sa.bindparam("priority")
_room_of_run = runs.c.skill + "/" + sa.cast(runs.c.concurrency, sa.Text) + "/" + runs.c.concurrency_key

_others = runs.alias("others")
_gives_way = sa.and_(
    _others.c.state == "queued", _others.c.handed_over, _others.c.attempts == 0, _others.c.priority < runs.c.priority
)
_held = (
    sa.select(sa.func.count())
    .where(sa.text("others.admitted AND others.ended_at IS NULL"))  # the index, in its words
    .where(_others.c.skill == runs.c.skill, _others.c.concurrency_key == runs.c.concurrency_key)
    .where(_others.c.id != runs.c.id, ~_gives_way)
    .scalar_subquery()
    .label("held")
)


class Ready(NamedTuple):
    """A run that waits for nothing but room."""

    id: str
    skill: str
    version: str
    concurrency_key: str
    concurrency: int
    priority: int
    seq: int
    admitted: bool  # it holds its room
    held: int  # how much of its room others hold

    @property
    def room(self) -> str:
        """What it wants a part of."""
        return f"{self.skill}/{self.concurrency}/{self.concurrency_key}"


_COLUMNS = [_held if name == "held" else runs.c[name] for name in Ready._fields]
_READY = Prepared(
    sa.select(*_COLUMNS)
    .where(is_ready, _READY_AT <= _NOW)
    .where(
        sa.or_(
            runs.c.priority < _PRIORITY,
            sa.and_(runs.c.priority == _PRIORITY, runs.c.seq > sa.bindparam("seq")),
        )
    )
    .where(sa.or_(runs.c.admitted, _room_of_run.op("NOT IN")(each_of(sa.bindparam("full", type_=sa.Text())))))
    .order_by(runs.c.priority.desc(), runs.c.seq)
    .limit(PAGE)
)
_ONE = Prepared(sa.select(*_COLUMNS).where(runs.c.id == sa.bindparam("run")))


def ready_with_room(connection: Connection, limit: int, now: float, *, except_for: Collection[str] = ()) -> list[Ready]:
    """Up to `limit` of them, those of the highest priority first."""
    room = _Room(connection)
    if limit <= 0 or EVERYTHING in room.stops:
        return []
    ready = (run for run in _ready(connection, now, room) if run.id not in except_for)
    return list(islice(filter(room.is_given_to, ready), limit))


def has_room(connection: Connection, run: str) -> bool:
    """Whether the others leave it some."""
    found = Ready(*_ONE.execute(connection, {"run": run}).fetchall()[0])
    return found.held < found.concurrency


def _ready(connection: Connection, now: float, room: _Room) -> Iterator[Ready]:
    """In the order in which they start; but for those that are known by then to find no room."""
    last: dict[str, Any] = BEFORE_ALL
    while True:
        wanted = {"now": now, "full": to_json(list(room.full)), **last}
        page = [Ready(*found) for found in _READY.execute(connection, wanted).fetchall()]
        yield from page
        if len(page) < PAGE:
            return
        last = {"priority": page[-1].priority, "seq": page[-1].seq}


class _Room:
    """What is left of it, as it is given away."""

    def __init__(self, connection: Connection) -> None:
        self.stops = all_stops(connection)
        self.full: set[str] = set()  # as `Ready.room` says it
        self._given: Counter[tuple[str, str]] = Counter()

    def is_given_to(self, run: Ready) -> bool:
        if run.skill not in self.stops:
            if run.admitted:
                return True
            key = (run.skill, run.concurrency_key)
            if run.held + self._given[key] < run.concurrency:
                self._given[key] += 1
                return True
        self.full.add(run.room)  # also for those that follow: less urgent ones find no more
        return False
