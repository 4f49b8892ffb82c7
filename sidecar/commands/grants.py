"""Commands about standing approvals."""

from __future__ import annotations

import sqlalchemy as sa
from pydantic import JsonValue
from sqlalchemy.engine import Connection

from sidecar.approvals import Rules
from sidecar.approvals.grants import GRANT_AT_MOST, NewGrant, grant, revoke
from sidecar.caller import Caller, CommandRefused
from sidecar.client import views
from sidecar.clock import Clock, moment
from sidecar.commands.table import command
from sidecar.registry import Registry
from sidecar.store import Row, Store
from sidecar.store.schema import approval_grants as grants
from sidecar.store.schema import approvals, skills


class GrantCommands:
    def __init__(self, store: Store, clock: Clock, registry: Registry, rules: Rules) -> None:
        self._store = store
        self._clock = clock
        self._registry = registry
        self._rules = rules

    @command("grants.list")
    def list_all(self, caller: Caller) -> list[views.Grant]:  # noqa: ARG002
        return self._views(sa.true())

    @command("grants.add", stores=True)
    def add(
        self,
        caller: Caller,
        skill: str,
        step: str,
        arguments: dict[str, JsonValue],
        seconds: float,
        reason: str = "",
    ) -> views.Grant:
        active = self._registry.active(skill)
        if active is None:
            raise CommandRefused("not_found", f"there is no active skill {skill!r}. See: tend skills list")
        if not self._rules.may_answer(caller.who, skill):
            raise CommandRefused("not_allowed", f"{caller.who} is not among the approvers of {skill}")
        irreversible = [each.name for each in active.manifest.steps if each.irreversible]
        if step not in irreversible:
            there = f"it has {', '.join(irreversible)}" if irreversible else "it has none"
            raise CommandRefused("usage", f"{skill} has no irreversible step {step!r}; {there}")
        if not 0 < seconds <= GRANT_AT_MOST:
            raise CommandRefused("usage", f"a standing approval is for {GRANT_AT_MOST / 86400:g} days at most")

        def change(connection: Connection) -> str:
            now = self._clock.now()
            new = NewGrant(skill, active.version, step, arguments, reason, caller.who, now + seconds)
            return grant(connection, new, now)

        identity = self._store.write(change)
        return self._views(grants.c.id == identity)[0]

    @command("grants.revoke")
    def revoke(self, caller: Caller, grant: str) -> views.Grant:
        """Whoever may reach the sidecar may: it takes nothing but power away."""
        found = self._store.rows(sa.select(grants.c.id).where(grants.c.id.startswith(grant, autoescape=True)).limit(2))
        if not grant or len(found) != 1:
            many = "more than one begins with" if found else "there is no standing approval"
            raise CommandRefused("not_found", f"{many} {grant!r}. See: tend approvals grants list")
        identity = found[0].id
        if not self._store.write(lambda connection: revoke(connection, identity, caller.who, self._clock.now())):
            raise CommandRefused("over", f"standing approval {identity} was revoked before")
        return self._views(grants.c.id == identity)[0]

    def _views(self, wanted: sa.ColumnElement[bool]) -> list[views.Grant]:
        """With how often each was used, and whether its bytes are the live ones."""
        uses = (
            sa.select(
                approvals.c.grant_used, sa.func.count().label("uses"), sa.func.max(approvals.c.asked_at).label("at")
            )
            .where(approvals.c.grant_used.is_not(None))
            .group_by(approvals.c.grant_used)
            .subquery()
        )
        query = (
            sa.select(grants, uses.c.uses, uses.c.at.label("used_at"), skills.c.active)
            .outerjoin(uses, uses.c.grant_used == grants.c.id)
            .outerjoin(skills, skills.c.name == grants.c.skill)
            .where(wanted)
            .order_by(grants.c.granted_at.desc())
        )
        now = self._clock.now()
        return [_view(row, now) for row in self._store.rows(query)]


def _view(row: Row, now: float) -> views.Grant:
    return views.Grant(
        id=row.id,
        skill=row.skill,
        version=row.version,
        step=row.step,
        arguments=row.arguments or {},
        reason=row.reason,
        state=_state(row, now),
        by=row.granted_by,
        granted_at=moment(row.granted_at),
        expires_at=moment(row.expires_at),
        revoked_by=row.revoked_by,
        uses=row.uses or 0,
        used_at=moment(row.used_at) if row.used_at else None,
    )


def _state(row: Row, now: float) -> views.GrantState:
    if row.revoked_at is not None:
        return "revoked"
    if row.expires_at <= now:
        return "expired"
    return "active" if row.active == row.version else "void"
