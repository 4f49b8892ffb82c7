"""Commands about secrets: which there are, who may send them where. No value passes here: `tend secret set` writes the
file itself, and tells that it has."""

from __future__ import annotations

from sidecar import grants
from sidecar.caller import Caller, CommandRefused
from sidecar.client import views
from sidecar.client.settings import Settings
from sidecar.clock import Clock, moment
from sidecar.commands.table import command
from sidecar.registry import Registry, record_audit
from sidecar.secret_folder import names_in
from sidecar.store import Store


class SecretCommands:
    def __init__(self, store: Store, clock: Clock, registry: Registry, settings: Settings) -> None:
        self._store = store
        self._clock = clock
        self._registry = registry
        self._folders = settings.secrets

    @command("secrets.list")
    def list_all(self, caller: Caller) -> list[views.Secret]:  # noqa: ARG002 # every command is given its caller
        """Those that are set on this host, and those that skills declare or have been granted."""
        here = names_in(self._folders)
        given = self._store.read(grants.all_grants)
        users: dict[str, list[str]] = {}
        for active in self._registry.all_active():
            for name in active.manifest.secrets:
                users.setdefault(name, []).append(active.skill)
        names = sorted({*here, *users, *(row.secret for row in given)})
        return [
            views.Secret(
                name=name,
                is_set=name in here,
                used_by=tuple(sorted(users.get(name, ()))),
                grants=tuple(
                    views.SecretGrant(skill=row.skill, host=row.host, by=row.by, at=moment(row.at))
                    for row in given
                    if row.secret == name
                ),
            )
            for name in names
        ]

    @command("secrets.grant")
    def grant(self, caller: Caller, skill: str, name: str, host: str) -> views.Secret:
        """Let the skill send the secret to that host, in this version and in later ones that declare both."""
        self._registry.row(skill)
        active = self._registry.active(skill)
        if active is None or name not in active.manifest.secrets:
            declared = ", ".join(active.manifest.secrets) if active else ""
            said = f"it declares {declared}" if declared else "it declares none"
            raise CommandRefused("not_declared", f"{skill} does not declare the secret {name}: {said}")
        if host not in active.manifest.hosts:
            hosts = ", ".join(active.manifest.hosts) or "none"
            raise CommandRefused("not_declared", f"{skill} does not declare the host {host}. Its hosts: {hosts}")
        now = self._clock.now()
        self._store.write(lambda connection: grants.grant(connection, skill, name, host, caller.who, now))
        return self._one(caller, name)

    @command("secrets.revoke")
    def revoke(self, caller: Caller, skill: str, name: str, host: str | None = None) -> views.Secret:
        """From the next request on. Without a host, for all of them."""
        now = self._clock.now()
        if not self._store.write(lambda connection: grants.revoke(connection, skill, name, host, caller.who, now)):
            where = f" to {host}" if host else ""
            raise CommandRefused("not_found", f"{skill} was not allowed to send {name}{where}. See: tend secret list")
        return self._one(caller, name)

    @command("secrets.changed")
    def changed(self, caller: Caller, name: str, what: str) -> views.Secret:
        """Its file was written or removed: `what` is "set secret" or "remove secret"."""
        if what not in ("set secret", "remove secret"):
            raise CommandRefused("usage", f"{what!r} is no change of a secret")
        now = self._clock.now()
        self._store.write(lambda connection: record_audit(connection, now, caller.who, what, name))
        return self._one(caller, name)

    def _one(self, caller: Caller, name: str) -> views.Secret:
        known = (secret for secret in self.list_all(caller) if secret.name == name)
        return next(known, views.Secret(name=name, is_set=False))
