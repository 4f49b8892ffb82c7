"""What stays of an effect: request and reply by content hash, under (run, step, attempt, n), and what it cost."""

from __future__ import annotations

import json
from typing import Any

from pydantic import JsonValue
from sqlalchemy.engine import Connection

from sidecar.execution.asked import Asked
from sidecar.store.schema import effects
from sidecar.store.store import put_blob
from skills.wire import ErrorInfo


def record(connection: Connection, asked: Asked, reply: JsonValue, error: ErrorInfo | None, ended: float) -> None:
    effect = asked.effect
    connection.execute(
        effects.insert().values(
            run=asked.where.segment.run,
            step=effect.step.name,
            occurrence=effect.step.occurrence,
            attempt=effect.attempt,
            n=effect.n,
            kind=asked.kind,
            request=put_blob(connection, _bytes(effect.request)),
            reply=put_blob(connection, _bytes(reply)),
            error=error.model_dump() if error else None,
            stubbed=asked.stubbed,
            started_at=asked.at,
            ended_at=ended,
            **(_usage(reply) if asked.kind == "model" else {}),
        )
    )


def _usage(reply: JsonValue) -> dict[str, Any]:
    """What a model call used, and what it counts as: its price, or the configured estimate where that is unknown."""
    if not isinstance(reply, dict):
        return {}
    usage = reply.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    cost = reply.get("cost_usd")
    return {
        "model": reply.get("model"),
        "input_tokens": usage.get("input_tokens"),
        "output_tokens": usage.get("output_tokens"),
        "cost_usd": cost if cost is not None else reply.get("estimated_usd"),
    }


def _bytes(value: JsonValue) -> bytes:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
