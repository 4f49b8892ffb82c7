"""The only way from a step to the world: policy → effect → record.

Before an effect is performed its step's try is on disk, and the attempt still owns its run. Each effect's request and
reply are kept by content hash under (run, step, attempt, n), and are on disk before the step hears of them. In a
rehearsal what reads is done for real, and what writes is only recorded.
"""

from __future__ import annotations

import base64
import json
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import JsonValue, ValidationError
from sqlalchemy.engine import Connection

from sidecar.checker.manifest import Manifest
from sidecar.clock import Clock
from sidecar.execution.files import FileRefused, FileRequest, perform_file
from sidecar.failpoints import failpoint
from sidecar.gateway import EffectFailed, Gateway
from sidecar.journal.runs import Segment, check_fence
from sidecar.moments import Moments
from sidecar.store import Store
from sidecar.store.schema import effects
from sidecar.store.store import put_blob
from skills.wire import Done, Effect, ErrorInfo, Failed

READING = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True)
class Circumstances:
    """In whose name an effect is done."""

    segment: Segment
    skill: str
    version: str
    manifest: Manifest
    trusted: bool
    rehearsal: bool
    session: str | None
    depth: int
    priority: int


class Effects:
    def __init__(self, store: Store, clock: Clock, gateway: Gateway, moments: Moments, workspace: Path) -> None:
        self._store = store
        self._clock = clock
        self._gateway = gateway
        self._moments = moments
        self._workspace = workspace

    def perform(self, effect: Effect, where: Circumstances, abort: threading.Event) -> Done | Failed:
        """Do it, or say why not; on disk either way."""
        started = self._clock.now()
        stubbed = where.rehearsal and _writes(effect)
        self._store.write(lambda connection: check_fence(connection, where.segment))  # and the try that was begun
        failpoint("effects.perform.before")
        reply: JsonValue = None
        error: ErrorInfo | None = None
        try:
            reply = _stub(effect) if stubbed else self._do(effect, where, abort)
        except EffectFailed as failure:
            error = ErrorInfo(type=failure.type, message=str(failure), retryable=failure.retryable)
        except (FileRefused, OSError, UnicodeDecodeError, ValidationError) as failure:
            error = ErrorInfo(type=type(failure).__name__, message=str(failure), retryable=False)
        failpoint("effects.perform.after")
        self._store.write(self._record(effect, where, reply, error, started, stubbed=stubbed))
        failpoint("effects.record.after")
        return Failed(error=error) if error else Done(result=reply)

    def _do(self, effect: Effect, where: Circumstances, abort: threading.Event) -> JsonValue:
        request = effect.request if isinstance(effect.request, dict) else {}
        match effect.kind_of_effect:
            case "files":
                return perform_file(self._workspace, where.manifest, FileRequest.model_validate(request))
            case "http":
                return self._gateway.effect("http", {**request, "hosts": list(where.manifest.hosts)}, abort=abort)
            case "model":
                return self._ask_model(request, where, abort)

    def _ask_model(self, request: dict[str, Any], where: Circumstances, abort: threading.Event) -> JsonValue:
        """A skill asks as itself; only what ships with Tend may choose another purpose, or tools."""
        allowed = ("purpose", "system", "messages", "tools", "max_tokens")
        wanted = {name: request[name] for name in allowed if name in request}
        if not where.trusted:
            wanted |= {"purpose": "ask", "tools": []}

        def tell(event: JsonValue) -> None:
            if isinstance(event, dict) and where.session and event.get("type") in ("text", "retry"):
                data = {name: value for name, value in event.items() if name != "type"}
                self._moments.publish(str(event["type"]), run=where.segment.run, session=where.session, **data)

        return self._gateway.effect("model", wanted, on_event=tell, abort=abort)

    def _record(
        self,
        effect: Effect,
        where: Circumstances,
        reply: JsonValue,
        error: ErrorInfo | None,
        started: float,
        *,
        stubbed: bool,
    ) -> Any:
        usage = _usage(reply) if effect.kind_of_effect == "model" else {}
        ended = self._clock.now()

        def change(connection: Connection) -> None:
            check_fence(connection, where.segment)
            connection.execute(
                effects.insert().values(
                    run=where.segment.run,
                    step=effect.step.name,
                    occurrence=effect.step.occurrence,
                    attempt=effect.attempt,
                    n=effect.n,
                    kind=effect.kind_of_effect,
                    request=put_blob(connection, _bytes(effect.request)),
                    reply=put_blob(connection, _bytes(reply)),
                    error=error.model_dump() if error else None,
                    stubbed=stubbed,
                    started_at=started,
                    ended_at=ended,
                    **usage,
                )
            )

        return change


def _writes(effect: Effect) -> bool:
    request = effect.request if isinstance(effect.request, dict) else {}
    if effect.kind_of_effect == "http":
        return request.get("method") not in READING
    return effect.kind_of_effect == "files" and request.get("action") == "write"


def _stub(effect: Effect) -> JsonValue:
    """What a rehearsal answers in place of a write."""
    if effect.kind_of_effect == "files":
        return {}
    url = effect.request.get("url") if isinstance(effect.request, dict) else None
    body = base64.b64encode(b'{"rehearsal": "nothing was sent"}').decode()
    return {"status": 200, "headers": {"x-tend-rehearsal": "not sent"}, "content_base64": body, "url": url}


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
