"""What `tend doctor` says of targets and notices."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sidecar.client import views
from sidecar.client.settings import Settings
from sidecar.notices.targets import ALERTS
from sidecar.notices.tell import SAID
from sidecar.store.schema import notices, outbox

RECENT = 7 * 86400.0  # seconds


def target_health(settings: Settings, secrets: Collection[str]) -> views.Health:
    """`secrets` are the names of those that are set."""
    if not settings.targets:
        detail = "none; notices are printed by tend up, and kept in tend notices"
        return views.Health(name="targets", state="ok", detail=detail)
    named = ", ".join(f"{name} ({target})" for name, target in settings.targets.items())
    detail = f"{named}; alerts go to {', '.join(settings.alerts) or 'none of them'}"
    wanted = {secret for target in settings.targets.values() for secret in target.secrets}
    if missing := sorted(wanted - set(secrets)):
        fix = f"Give each a value: {', '.join(f'tend secret set {name}' for name in missing)}"
        return views.Health(name="targets", state="warning", detail=detail, fix=fix)
    return views.Health(name="targets", state="ok", detail=detail)


def notice_health(connection: Connection, now: float) -> Iterator[views.Health]:
    counted = sa.select(outbox.c.state, sa.func.count().label("number")).group_by(outbox.c.state)
    count = {row.state: row.number for row in connection.execute(counted)}
    if stuck := count.get("ambiguous", 0) + count.get("failed", 0):
        detail = f"{stuck} did not come to their target, or nobody knows"
        yield views.Health(
            name="notices", state="warning", detail=detail, fix="See which, and what to type: tend notices"
        )
    elif waiting := count.get("waiting", 0):
        yield views.Health(name="notices", state="ok", detail=f"{waiting} on their way")
    if names := _without_a_target(connection, now):
        detail = f"no target is called {', '.join(map(repr, names))}, as skills did this week"
        fix = "Name one with [targets.NAME] in tend.toml; until then those notices are kept in tend notices"
        yield views.Health(name="names of targets", state="warning", detail=detail, fix=fix)


def _without_a_target(connection: Connection, now: float) -> list[str]:
    sent = sa.exists().where(outbox.c.notice == notices.c.id)
    said = (notices.c.kind == SAID, notices.c.at > now - RECENT, notices.c.target != ALERTS, ~sent)
    return list(
        connection.scalars(sa.select(notices.c.target).where(*said).distinct().order_by(notices.c.target).limit(5))
    )
