"""The skills that ship with Tend: the agent that answers people, and the weekly review.

They run in workers like any other, journaled step by step, and may give commands to the sidecar. Their code is
imported, not pinned: an upgrade of Tend may change it under a run that waits, which the replay check then stops.
"""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from pathlib import Path

from sidecar.checker.manifest import Cron, Manifest
from sidecar.checker.names import SHIPPED
from sidecar.checker.report import Report, Snapshot
from sidecar.client.settings import Settings
from sidecar.registry import Origin, Registry

AGENT_SKILL, REVIEW_SKILL = SHIPPED
REVIEW_MODULE = "skills.shipped.weekly_review"


def register_shipped(registry: Registry, settings: Settings) -> None:
    """Make the shipped skills active, with this program's sources and these settings."""
    review = Manifest(
        name=REVIEW_SKILL,
        purpose="Once a week, look at what the skills did, and ask the agent to revise those that misfire.",
        takes_input=False,
        triggers=(Cron(expression=settings.review_cron),),
        uses_model=True,
    )
    agent = Manifest(
        name=AGENT_SKILL,
        purpose="Talks with people; writes, rehearses and mends skills.",
        takes_input=True,
        uses_model=True,
    )
    for manifest, module in ((review, REVIEW_MODULE), (agent, settings.agent)):
        _register(registry, manifest, module)


def _register(registry: Registry, manifest: Manifest, module: str) -> None:
    entry = f"skills/{manifest.name}.py"
    snapshot = Snapshot(entry=entry, files=_sources(module, entry) | _declared(manifest))
    active = registry.active(manifest.name)
    if active is None or active.version != snapshot.hash:
        report = Report(skill=manifest.name, hash=snapshot.hash, manifest=manifest)
        registry.activate(snapshot, report, Origin("tend", "ships with Tend"), shipped=True, import_from=module)


def _declared(manifest: Manifest) -> dict[str, bytes]:
    """What settings say of it is a part of its version too."""
    return {"manifest.json": manifest.model_dump_json().encode()}


def _sources(module: str, entry: str) -> dict[str, bytes]:
    """The module as `entry`, and its package's other files by hash: enough to see on a run which program it was."""
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"the setting agent = {module!r} names no module that is installed")
    path = Path(spec.origin)
    files = [path] if module == REVIEW_MODULE else sorted(path.parent.rglob("*.py"))
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    return {entry: path.read_bytes(), "package.sha256": digest.encode()}
