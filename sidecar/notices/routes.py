"""Which targets a notice goes to, by the name that it was given.

    "ops"      the target of that name
    "#deals"   the Slack target of that channel; else the first Slack target, which then posts there
    "alerts"   every target that the setting `alerts` lists
    else       none: it is kept, and shown

The targets stand in the store, so that every host's notices go the same way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sidecar.notices.targets import ALERTS, SlackTarget, Target
from sidecar.store.schema import outbox, targets


@dataclass(frozen=True)
class Route:
    target: str
    channel: str | None  # in place of the target's own
    digest: float  # seconds
    cool_down: float  # seconds


def routes(connection: Connection, name: str) -> list[Route]:
    known = connection.execute(sa.select(targets).order_by(targets.c.position)).all()
    if name == ALERTS:
        return [_route(row) for row in known if row.alerts]
    found = [row for row in known if row.name == name] or [row for row in known if row.channel == name]
    if found or not name.startswith("#"):
        return [_route(row) for row in found[:1]]
    return [_route(row, name) for row in known if row.kind == "slack"][:1]


def _route(row: sa.Row[tuple[object, ...]], channel: str | None = None) -> Route:
    return Route(row.name, channel, row.digest, row.cool_down)


def declare_targets(
    connection: Connection, declared: Mapping[str, Target], alerts: Sequence[str], now: float
) -> Mapping[str, int]:
    """The settings' targets from here on. What waits for one that is gone can't be sent: it has failed. How many of
    which."""
    connection.execute(targets.delete())
    for position, (name, target) in enumerate(declared.items()):
        connection.execute(
            targets.insert().values(
                name=name,
                position=position,
                kind=target.kind,
                channel=target.channel if isinstance(target, SlackTarget) else None,
                digest=target.digest,
                cool_down=target.cool_down,
                alerts=name in alerts,
            )
        )
    gone = {"state": "failed", "reason": "the settings have no such target any more", "ended_at": now}
    which = sa.and_(outbox.c.state == "waiting", outbox.c.target.not_in(list(declared)))
    failed = connection.scalars(outbox.update().where(which).values(**gone).returning(outbox.c.target))
    return Counter(failed)
