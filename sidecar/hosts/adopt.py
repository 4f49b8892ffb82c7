"""A host that leads for the first time, or again after another one has, takes its workspace's files from the store."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from sidecar.registry import Registry

log = logging.getLogger(__name__)


def adopt(workspace: Path, registry: Registry) -> None:
    """What differs from the store's active versions is put aside, in `.tend/aside-TIME/`: it was written before another
    host led. Files of skills that the store has never heard of stay, and are judged like any that is saved."""
    wanted = registry.blobs()
    retired = {f"skills/{name}.py" for name in registry.names()} - wanted.keys()
    aside = workspace / ".tend" / f"aside-{datetime.now(UTC):%Y%m%dT%H%M%S}"
    for path in sorted(wanted.keys() | retired):
        file = workspace / path
        if file.exists() and sha256(file.read_bytes()).hexdigest() != wanted.get(path):
            (aside / path).parent.mkdir(parents=True, exist_ok=True)
            file.rename(aside / path)
            log.warning("%s is not what the store has; it lies in %s now", path, aside)
