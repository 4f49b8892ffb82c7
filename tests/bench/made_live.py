"""Skills that are live without a check, as the registry writes them, all in one transaction: one by one, with a check
each, ten thousand take longer than what is measured with them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, TypeAlias

from sqlalchemy.engine import Connection

from sidecar.batched import batched
from sidecar.checker.manifest import Manifest, Trigger
from sidecar.checker.report import Report, Snapshot
from sidecar.store import Store
from sidecar.store.schema import blobs, skills, versions
from tests.support.live_sidecar import LiveSidecar

AT_ONCE = 1_000
TABLES = (blobs, versions, skills)

Rows: TypeAlias = dict[str, dict[str, Any]]  # of one skill, by table


@dataclass(frozen=True)
class Made:
    name: str
    source: str
    trigger: Trigger


def make_live(sidecar: LiveSidecar, made: Sequence[Made], tell: Callable[[str], None]) -> None:
    """Their files, and their rows in the store of a sidecar that is not started yet."""
    (sidecar.workspace / "skills").mkdir(exist_ok=True)
    for one in made:
        (sidecar.workspace / f"skills/{one.name}.py").write_text(one.source)
    with Store(sidecar.client.settings.database) as store:
        store.write(lambda connection: _insert(connection, made, tell))


def _insert(connection: Connection, made: Sequence[Made], tell: Callable[[str], None]) -> None:
    now = time.time()
    for number, some in enumerate(batched(made, AT_ONCE)):
        tell(f"{number * AT_ONCE:,} of {len(made):,} skills are made")
        rows = [_rows(one, now) for one in some]
        for table in TABLES:
            connection.execute(table.insert(), [row[table.name] for row in rows])


def _rows(one: Made, now: float) -> Rows:
    path, content = f"skills/{one.name}.py", one.source.encode()
    blob, snapshot = sha256(content).hexdigest(), Snapshot(entry=path, files={path: content})
    manifest = Manifest(name=one.name, purpose="", takes_input=False, triggers=(one.trigger,))
    report = Report(skill=one.name, hash=snapshot.hash, manifest=manifest).model_dump(mode="json")
    made = {"entry": path, "files": {path: blob}, "author": "bench", "reason": "measured", "created_at": now}
    return {
        "blobs": {"hash": blob, "content": content},
        "versions": made
        | {"hash": snapshot.hash, "skill": one.name, "state": "active", "activated_at": now}
        | {"manifest": report["manifest"], "report": report},
        "skills": {"name": one.name, "origin": "workspace", "active": snapshot.hash, "newest": snapshot.hash}
        | {"report": report, "paused": False},
    }
