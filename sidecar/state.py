"""What a skill keeps from run to run: read through the journal, published when a run ends well."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa
from pydantic import JsonValue
from sqlalchemy.engine import Connection

from sidecar.store.prepared import Prepared, Values
from sidecar.store.schema import state, steps
from sidecar.store.values import insert

_OF_RUN = Prepared(
    sa.select(steps.c.kind, steps.c.arguments, steps.c.result)
    .where(steps.c.run == sa.bindparam("run"), steps.c.kind.in_((sa.literal("state.get"), sa.literal("state.put"))))
    .order_by(steps.c.seq)
)


class StateConflict(Exception):
    """Another run published a value after this one had read it."""


def read_value(connection: Connection, skill: str, run: str, name: str) -> dict[str, JsonValue]:
    """What the run sees under `name`: what it put itself, else what was published (`revision` 0: nothing was)."""
    own = connection.execute(
        sa.select(steps.c.arguments)
        .where(steps.c.run == run, steps.c.kind == "state.put", steps.c.name == f"state.put:{name}")
        .order_by(steps.c.occurrence.desc())
    ).first()
    published = connection.execute(
        sa.select(state.c.value, state.c.revision).where(state.c.skill == skill, state.c.name == name)
    ).first()
    revision = published.revision if published else 0
    if own is not None:
        return {"found": True, "value": own.arguments["value"], "revision": revision}
    return {"found": published is not None, "value": published.value if published else None, "revision": revision}


def publish(connection: Connection, skill: str, run: str, now: float) -> None:
    """Publish what the run put. Raises StateConflict where what it had read is no longer what is there."""
    rows = _OF_RUN.rows(connection, {"run": run})
    puts = {row.arguments["name"]: row.arguments["value"] for row in rows if row.kind == "state.put"}
    reads = {row.arguments["name"]: row.result["revision"] for row in reversed(rows) if row.kind == "state.get"}
    revisions = {name: _revision(connection, skill, name, reads) for name in puts}  # all, before any is written
    for name, value in puts.items():
        change = {"value": value, "revision": revisions[name] + 1, "run": run, "updated_at": now}
        _publish_one(connection, {"skill": skill, "name": name}, change)


def _revision(connection: Connection, skill: str, name: str, reads: Mapping[str, int]) -> int:
    here = (state.c.skill == skill, state.c.name == name)
    revision = connection.scalar(sa.select(state.c.revision).where(*here)) or 0
    if reads.get(name, revision) != revision:
        raise StateConflict(
            f"state {name!r} was changed by another run after this one had read it. "
            "Declare concurrency=1, or keep what each run changes under a name of its own."
        )
    return revision


def _publish_one(connection: Connection, key: dict[str, str], change: Values) -> None:
    connection.execute(
        insert(connection, state)
        .values(**key, **change)
        .on_conflict_do_update(index_elements=["skill", "name"], set_=change)
    )
