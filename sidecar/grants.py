"""Which skill may send which secret to which host: a person's yes, one row each. Values are not here
(`secret_folder.py`)."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sidecar.registry import record_audit
from sidecar.store import Row
from sidecar.store.schema import secret_grants
from sidecar.store.values import insert


def grant(connection: Connection, skill: str, secret: str, host: str, by: str, now: float) -> None:
    row = insert(connection, secret_grants).values(skill=skill, secret=secret, host=host, by=by, at=now)
    if connection.execute(row.on_conflict_do_nothing().returning(secret_grants.c.skill)).first():
        record_audit(connection, now, by, "grant secret", skill, f"{secret} to {host}", skill=skill)


def revoke(connection: Connection, skill: str, secret: str, host: str | None, by: str, now: float) -> int:
    """How many there were; without a `host`, those for all hosts."""
    chosen = sa.and_(secret_grants.c.skill == skill, secret_grants.c.secret == secret)
    if host is not None:
        chosen &= secret_grants.c.host == host
    taken = connection.execute(sa.select(secret_grants.c.host).where(chosen)).scalars().all()
    connection.execute(secret_grants.delete().where(chosen))
    for each in taken:
        record_audit(connection, now, by, "revoke secret", skill, f"{secret} to {each}", skill=skill)
    return len(taken)


def granted_to(connection: Connection, skill: str) -> dict[str, tuple[str, ...]]:
    """For each secret the hosts that the skill may send it to."""
    found: dict[str, tuple[str, ...]] = {}
    for row in all_grants(connection, skill):
        found[row.secret] = (*found.get(row.secret, ()), row.host)
    return found


def all_grants(connection: Connection, skill: str | None = None) -> list[Row]:
    query = sa.select(secret_grants).order_by(secret_grants.c.secret, secret_grants.c.skill, secret_grants.c.host)
    return list(connection.execute(query if skill is None else query.where(secret_grants.c.skill == skill)).all())
