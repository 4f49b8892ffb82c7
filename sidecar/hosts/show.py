"""The hosts that share a database, as views."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sidecar.client import views
from sidecar.clock import moment
from sidecar.hosts.times import TAKE_OVER_AFTER
from sidecar.store.schema import hosts, leadership

SHOWN_FOR = 86400.0  # seconds after a host was heard of last


def host_views(connection: Connection, me: str, now: float) -> tuple[views.Host, ...]:
    leader = connection.execute(sa.select(leadership)).first()
    known = connection.execute(sa.select(hosts).where(hosts.c.seen_at > now - SHOWN_FOR).order_by(hosts.c.name))
    return tuple(
        views.Host(
            name=host.name,
            leads=leader is not None and leader.host == host.id and leader.until > now,
            is_this=host.id == me,
            alive=host.seen_at > now - TAKE_OVER_AFTER,
            seen_at=moment(host.seen_at),
        )
        for host in known
    )
