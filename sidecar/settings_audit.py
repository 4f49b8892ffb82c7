"""Which settings differ from those of the last start: on record, like any other decision."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import sqlalchemy as sa
from pydantic_core import to_jsonable_python
from sqlalchemy.engine import Connection

from sidecar.caller import PERSON
from sidecar.client.settings import Settings
from sidecar.registry import record_audit
from sidecar.store.schema import audit

WHAT = "settings"
LEFT_OUT = {  # where this host is, and what may hold a secret
    *("workspace", "host_name", "agent"),
    *("database_url", "anthropic_api_key", "base_url", "targets"),
}


def record_settings(connection: Connection, settings: Settings, now: float) -> None:
    """One row with what has changed, where something has; at first, with what is not the default."""
    known = _said(Settings(workspace=settings.workspace))
    for row in connection.execute(sa.select(audit.c.why).where(audit.c.what == WHAT).order_by(audit.c.seq)):
        known |= json.loads(row.why)
    changed = {name: value for name, value in _said(settings).items() if known.get(name) != value}
    if changed:
        record_audit(connection, now, PERSON, WHAT, ", ".join(changed), json.dumps(changed))


def _said(settings: Settings) -> dict[str, Any]:
    kept = {field.name: getattr(settings, field.name) for field in fields(settings) if field.name not in LEFT_OUT}
    said: dict[str, Any] = to_jsonable_python(kept)
    return said
