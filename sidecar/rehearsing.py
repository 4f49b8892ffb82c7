"""Which version of a skill runs when somebody asks for it: the active one; in a rehearsal what was written last, also
where it waits for a yes. A rehearsal reads for real, and takes no power that only that yes would give."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from sidecar.caller import CommandRefused
from sidecar.card.powers import does_more, wants_a_yes
from sidecar.checker.manifest import Manifest
from sidecar.grants import granted_to
from sidecar.registry import Active, Declared, Registry
from sidecar.store import Store
from sidecar.waiting import asked_about, said_no


def to_run(store: Store, registry: Registry, name: str) -> Declared:
    """The active version. Raises NoSuchSkill, or CommandRefused with the reason why there is none."""
    if active := registry.active(name):
        return active.declared
    newest = registry.row(name).newest
    approval = store.read(lambda connection: asked_about(connection, name, newest)) if newest else None
    if approval:
        said = f"{name} passed the check and waits for a person's yes (tend approvals show {approval})"
        raise CommandRefused("not_live", said)
    raise _none_passed(name)


def to_rehearse(store: Store, registry: Registry, name: str, proposed: str | None = None) -> Declared:
    """What was written last, or the version that a revision has `proposed`. Raises NoSuchSkill, or CommandRefused."""
    active, newest = registry.active(name), proposed or registry.row(name).newest
    if active and newest == active.version:
        return active.declared
    if newest is None:
        raise _refused(store, name, "", active)
    version, manifest = registry.version(name, newest), registry.manifest(newest)
    if manifest is None or not (proposed or version.state in ("waiting", "approved")):
        raise _refused(store, name, newest, active)
    if version.state != "approved":
        store.read(lambda connection: _require_yes(connection, name, newest, manifest, active))
    return Declared(newest, version.entry, manifest)


def _require_yes(connection: Connection, name: str, version: str, manifest: Manifest, active: Active | None) -> None:
    """What it would write, send, run and do once is only recorded, and a secret without a grant is sent nowhere."""
    granted = granted_to(connection, name)
    secrets = tuple(secret for secret in manifest.secrets if secret in granted)
    used = manifest.model_copy(update={"secrets": secrets, "commands": (), "irreversible": (), "triggers": ()})
    if more := does_more(used, active.manifest) if active else wants_a_yes(used):
        approval = asked_about(connection, name, version)
        raise CommandRefused(
            "waits",
            f"{name} waits for a person's yes, since it {'; it '.join(more)}. Its rehearsal would do that too, so it "
            f"can't be rehearsed before{f' (tend approvals show {approval})' if approval else ''}",
        )


def _refused(store: Store, name: str, version: str, active: Active | None) -> CommandRefused:
    if denied := store.read(lambda connection: said_no(connection, name, version)):
        return CommandRefused("denied", f"{name} passed the check, but {denied}")
    if active is None:
        return _none_passed(name)
    return CommandRefused(
        "refused",
        f"the check refused {name} as its file is now. Mend that first: a rehearsal would run version "
        f"{active.version[:12]}, which is live, and not what was written",
    )


def _none_passed(name: str) -> CommandRefused:
    return CommandRefused("not_live", f"{name} has no version that passed its check. See: tend skills check {name}")
