"""The two doors, as FastAPI's routes: who it is, what it says, and once that is on disk, the answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from harness.web.doors import cloud_events
from harness.web.doors.bodies import media_type, value
from harness.web.doors.hooks import Hooks
from harness.web.doors.intake import Intake
from harness.web.doors.not_accepted import NotAccepted
from harness.web.doors.signatures import SCHEMES
from harness.web.doors.tokens import Tokens
from sidecar.client import views

REFUSED = {"too_large": 413}  # by the sidecar, with this status; else 422

_ANY: dict[str, Any] = {"schema": {}}
_EVENT = {"schema": {"$ref": "#/components/schemas/CloudEvent"}}
_EVENTS = {"schema": {"type": "array", "items": _EVENT["schema"]}}
_BODIES = {
    cloud_events.STRUCTURED: _EVENT,
    cloud_events.BATCH: _EVENTS,
    "application/json": _ANY | {"description": "binary mode: the data; the attributes are headers"},
}


class Taken(views.View):
    """On disk, with the runs that it starts."""

    event: str  # its name
    id: str
    is_new: bool  # False: it came before, and nothing has happened now


def doors(hooks: Hooks, tokens: Tokens) -> APIRouter:
    router = APIRouter(tags=["what other services send"])

    @router.post(
        "/hooks/{name}",
        status_code=202,
        response_model=Taken,
        openapi_extra={"requestBody": {"required": True, "content": {"application/json": _ANY, "text/plain": _ANY}}},
    )
    async def webhook(request: Request, name: str) -> Response:
        """An event `hook.NAME`, for whoever has signed it with a key of `tend hook add NAME`."""
        hook = hooks.find(name)
        if hook is None:
            raise NotAccepted("not_found", "there is no such webhook. See: tend hook list", 404)
        body = await request.body()
        now = time.time()
        message = SCHEMES[hook.scheme].verify(hook.good_keys(now), request.headers, body, now)
        payload = value(body, media_type(request.headers.get("content-type")))
        event = views.Incoming(name=hook.event, payload=payload, id=message, source=f"webhook {hook.name}")
        (taken,) = await _take(request, [event], len(body))
        return JSONResponse(taken, 202)

    @router.post(
        "/events",
        status_code=202,
        response_model=list[Taken],
        openapi_extra={"requestBody": {"required": True, "content": _BODIES}},
    )
    async def events(request: Request) -> Response:
        """CloudEvents 1.0: structured, batched or binary, for the holder of a token of `tend token add NAME`."""
        holder = _holder(request, tokens)
        body = await request.body()
        found = cloud_events.read(request.headers, body)
        incoming = [
            views.Incoming(name=event.type, payload=event.data, id=event.key, source=f"token {holder}")
            for event in found
        ]
        return JSONResponse(await _take(request, incoming, len(body)), 202)

    return router


def _holder(request: Request, tokens: Tokens) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    holder = tokens.holder(token.strip()) if scheme.lower() == "bearer" else None
    if holder is None:
        told = "send authorization: Bearer TOKEN, with one that is good. A new one: tend token add NAME"
        raise NotAccepted("no_token", told)
    return holder


async def _take(request: Request, events: Sequence[views.Incoming], size: int) -> list[dict[str, Any]]:
    """Raises NotAccepted where one of them is not stored: the others may be, and are known when they come again."""
    intake: Intake = request.app.state.intake
    share = size // max(1, len(events))
    outcomes = await asyncio.gather(*(intake.take(event, share) for event in events))
    for event, outcome in zip(events, outcomes, strict=True):
        if not outcome.stored:
            type_ = outcome.refused or "not_stored"  # the latter where the disk takes no changes: to be sent again
            status = REFUSED.get(outcome.refused, 422) if outcome.refused else 503
            raise NotAccepted(type_, f"{event.name} {event.id}: {outcome.told}", status)
    return [
        Taken(event=event.name, id=event.id, is_new=outcome.is_new).model_dump()
        for event, outcome in zip(events, outcomes, strict=True)
    ]
