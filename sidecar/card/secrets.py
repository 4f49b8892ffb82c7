"""What a version needs of a person before it can send its secrets."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy.engine import Connection

from sidecar.checker.manifest import Manifest
from sidecar.client.views import SecretUse
from sidecar.grants import granted_to
from sidecar.secret_folder import SecretFolder, names_in


def secret_uses(connection: Connection, manifest: Manifest, folders: tuple[SecretFolder, ...]) -> tuple[SecretUse, ...]:
    if not manifest.secrets:
        return ()
    here, granted = names_in(folders), granted_to(connection, manifest.name)
    return tuple(
        SecretUse(
            name=name,
            is_set=name in here,
            granted=granted.get(name, ()),
            todo=tuple(_todo(name, manifest, is_set=name in here, granted=granted.get(name, ()))),
        )
        for name in manifest.secrets
    )


def _todo(name: str, manifest: Manifest, *, is_set: bool, granted: tuple[str, ...]) -> Iterator[str]:
    """Of a skill with several hosts, a grant for one of them will do."""
    if not is_set:
        yield f"tend secret set {name}"
    if not granted:
        for host in manifest.hosts:
            yield f"tend secret grant {manifest.name} {name} {host}"
