"""Standing approvals: a person's yes given beforehand, for a while.

One is for an irreversible step of one version, since other bytes may do other things in its name; for arguments that
have to be just so, while any will do for the others. Each use is an approval of its own, with an audit row.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from pydantic import JsonValue
from sqlalchemy.engine import Connection

from sidecar.approvals.asking import NewApproval
from sidecar.registry import record_audit
from sidecar.store import Row
from sidecar.store.schema import approval_grants as grants

GRANT_AT_MOST = 366 * 86400.0  # seconds


@dataclass(frozen=True)
class NewGrant:
    skill: str
    version: str
    step: str
    arguments: Mapping[str, JsonValue]  # those that have to be just so
    reason: str
    granted_by: str
    expires_at: float


def grant(connection: Connection, new: NewGrant, now: float) -> str:
    """Its id."""
    identity = secrets.token_hex(8)
    values = vars(new) | {"arguments": dict(new.arguments)}
    connection.execute(grants.insert().values(id=identity, granted_at=now, **values))
    record_audit(
        connection,
        now,
        new.granted_by,
        "grant",
        f"standing approval {identity}",
        new.reason or new.step,
        skill=new.skill,
    )
    return identity


def revoke(connection: Connection, identity: str, who: str, now: float) -> bool:
    """Nothing begins upon it any more, not even what it has said yes to; False: it was revoked before."""
    changed = connection.execute(
        grants.update()
        .where(grants.c.id == identity, grants.c.revoked_at.is_(None))
        .values(revoked_at=now, revoked_by=who)
    )
    if changed.rowcount:
        record_audit(connection, now, who, "revoke", f"standing approval {identity}")
    return bool(changed.rowcount)


def covering(connection: Connection, new: NewApproval, now: float) -> Row | None:
    """The standing approval that says yes to this, if there is one."""
    if new.kind != "approval" or new.call is None:
        return None
    found = connection.execute(
        sa.select(grants)
        .where(
            grants.c.skill == new.skill,
            grants.c.step == new.call["step"],
            grants.c.version == new.call["version"],
            grants.c.revoked_at.is_(None),
            grants.c.expires_at > now,
        )
        .order_by(grants.c.granted_at)
    )
    return next((row for row in found if _fits(row.arguments, new.call["arguments"])), None)


def is_revoked(connection: Connection, identity: str) -> bool:
    at = connection.scalar(sa.select(grants.c.revoked_at).where(grants.c.id == identity))
    return at is not None


def _fits(wanted: dict[str, JsonValue], arguments: JsonValue) -> bool:
    """As JSON, where 1 is not true."""
    if not isinstance(arguments, dict):
        return False
    return all(name in arguments and _text(arguments[name]) == _text(value) for name, value in wanted.items())


def _text(value: JsonValue) -> str:
    return json.dumps(value, sort_keys=True)
