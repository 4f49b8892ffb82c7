"""A notice, written with the change that it is about, and put into the outbox for each of its targets.

The one place where notices are made: whoever counts or holds them back does it here.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from hashlib import sha256

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sidecar.notices.routes import Route, routes
from sidecar.notices.targets import ALERTS
from sidecar.store.schema import notices, outbox

SAID = "said"  # by a skill; every other kind is an alert by Tend itself


@dataclass(frozen=True)
class Notice:
    run: str  # "" where it is about none
    skill: str
    target: str  # as it was named; routes.py says what it stands for
    text: str
    kind: str = SAID

    @property
    def sameness(self) -> str:
        return sha256("\0".join((self.skill, self.kind, self.text)).encode()).hexdigest()


def alert(kind: str, *, skill: str, text: str, run: str = "") -> Notice:
    return Notice(run, skill, ALERTS, text, kind)


def tell(connection: Connection, notice: Notice, now: float, *, but_not: str | None = None) -> str:
    """Write it down, in the caller's transaction; its id. It goes to each of its targets, `but_not` to one of them."""
    identity = secrets.token_hex(8)
    row = {"run": notice.run, "skill": notice.skill, "target": notice.target, "text": notice.text}
    connection.execute(notices.insert().values(id=identity, at=now, kind=notice.kind, **row))
    for route in routes(connection, notice.target):
        if route.target != but_not:
            connection.execute(outbox.insert().values(_row(connection, identity, notice, route, now)))
    return identity


def _row(connection: Connection, identity: str, notice: Notice, route: Route, now: float) -> dict[str, object]:
    repeats = route.cool_down > 0 and _was_told(connection, notice, route, now)
    return {
        "id": secrets.token_hex(8),
        "notice": identity,
        "target": route.target,
        "channel": route.channel,
        "sameness": notice.sameness,
        "created_at": now,
        "due_at": now + route.digest,
        "state": "counted" if repeats else "waiting",
        "reason": f"the same within {route.cool_down:g} s" if repeats else None,
        "ended_at": now if repeats else None,
    }


def _was_told(connection: Connection, notice: Notice, route: Route, now: float) -> bool:
    """Whether the same is on its way there, or has come, within the cool-down."""
    same = (outbox.c.sameness == notice.sameness, outbox.c.target == route.target)
    told = outbox.c.state.in_(("waiting", "sent", "ambiguous"))
    recent = outbox.c.created_at > now - route.cool_down
    return bool(connection.scalar(sa.select(sa.exists().where(*same, told, recent))))
