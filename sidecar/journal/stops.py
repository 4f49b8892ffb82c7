"""What a person has stopped, one skill or everything: no attempt of it begins, and what was under way is given back to
the queue. It is a row in the store, so that a restart changes nothing, and all hosts see the same."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sidecar.caller import CommandRefused
from sidecar.clock import moment
from sidecar.store import Row
from sidecar.store.prepared import Prepared
from sidecar.store.schema import runs, stops
from sidecar.store.values import insert

EVERYTHING = ""  # in the place of a skill's name
STOPPED = "stopped"  # the reason of a run that was under way

_ALL = Prepared(sa.select(stops))
_STOP = Prepared(
    sa.select(stops)
    .where(stops.c.skill.in_((sa.bindparam("everything"), sa.bindparam("skill"))))
    .order_by(stops.c.skill)
)
is_stopped = sa.exists().where(stops.c.skill.in_((sa.literal(EVERYTHING), runs.c.skill)))  # of a row of `runs`


def put_stop(connection: Connection, skill: str, who: str, why: str, now: float) -> bool:
    """Whether that is new; an earlier stop stays as it is."""
    row = insert(connection, stops).values(skill=skill, at=now, who=who, why=why)
    return connection.execute(row.on_conflict_do_nothing().returning(stops.c.skill)).first() is not None


def lift_stop(connection: Connection, skill: str) -> Row | None:
    """What is lifted; None where there was nothing."""
    found = connection.execute(sa.select(stops).where(stops.c.skill == skill)).first()
    connection.execute(stops.delete().where(stops.c.skill == skill))
    return found


def hold(connection: Connection) -> Sequence[str]:
    """Mark the runs that are under way and stopped: their attempts are to be ended."""
    under_way = runs.update().where(runs.c.state == "running", is_stopped)
    return connection.scalars(under_way.values(reason=STOPPED).returning(runs.c.id)).all()


def let_go(connection: Connection) -> Sequence[str]:
    """The runs that were held and are stopped no more."""
    held = runs.update().where(runs.c.state == "queued", runs.c.reason == STOPPED, ~is_stopped)
    return connection.scalars(held.values(reason=None).returning(runs.c.id)).all()


def stop_of(connection: Connection, skill: str) -> Row | None:
    """Why nothing of this skill runs, if that is so: everything is stopped, or it is."""
    return _STOP.row(connection, {"everything": EVERYTHING, "skill": skill})


def all_stops(connection: Connection) -> dict[str, Row]:
    return {row.skill: row for row in _ALL.rows(connection)}


def refuse_stopped(connection: Connection, skill: str) -> None:
    """Raises CommandRefused, with what to type, where nothing of this skill may begin."""
    if stop := stop_of(connection, skill):
        raise CommandRefused("stopped", f"{told(stop)}. Go on with: {way_on(stop.skill)}")


def told(stop: Row) -> str:
    """A sentence without its full stop."""
    because = f": {stop.why.rstrip('.')}" if stop.why else ""
    return f"{stop.skill or 'everything'} is stopped by {stop.who} since {moment(stop.at):%F %T} UTC{because}"


def way_on(skill: str) -> str:
    return f"tend skills start {skill}" if skill else "tend start --all"
