"""The two doors: who it is, what it says, and once that is on disk, the answer.

An ASGI application by itself: hundreds come in a second, and FastAPI's way to an endpoint takes longer than all that is
done here.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from fastapi import Request
from pydantic import TypeAdapter
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from harness.web.doors import cloud_events
from harness.web.doors.bodies import media_type, value
from harness.web.doors.hooks import Hooks
from harness.web.doors.intake import Intake
from harness.web.doors.not_accepted import NotAccepted
from harness.web.doors.signatures import SCHEMES
from harness.web.doors.tokens import Tokens
from harness.web.problems import KNOWN, told
from sidecar.client import views

HOOKS, EVENTS = "/hooks/", "/events"  # where they are
REFUSED = {"too_large": 413}  # by the sidecar, with this status; else 422


class Taken(views.View):
    """On disk, with the runs that it starts."""

    event: str  # its name
    id: str
    is_new: bool  # False: it came before, and nothing has happened now


_ANSWER = TypeAdapter(Taken | list[Taken])


class Doors:
    def __init__(self, hooks: Hooks, tokens: Tokens) -> None:
        self._hooks = hooks
        self._tokens = tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            taken = await self._take(request)
        except KNOWN as error:
            answer = told(request, error)
        except ClientDisconnect:
            return
        else:
            answer = Response(_ANSWER.dump_json(taken), 202, media_type="application/json")
        await answer(scope, receive, send)

    async def _take(self, request: Request) -> Taken | list[Taken]:
        path: str = request.scope["path"]
        if path != EVENTS and not path.startswith(HOOKS):
            raise HTTPException(404)
        if request.method != "POST":
            raise HTTPException(405, headers={"allow": "POST"})
        if path == EVENTS:
            return await self._events(request)
        return await self._webhook(request, path.removeprefix(HOOKS))

    async def _webhook(self, request: Request, name: str) -> Taken:
        """For whoever has signed it with a key of `tend hook add NAME`."""
        hook = self._hooks.find(name)
        if hook is None:
            raise NotAccepted("not_found", "there is no such webhook. See: tend hook list", 404)
        body = await request.body()
        now = time.time()
        message = SCHEMES[hook.scheme].verify(hook.good_keys(now), request.headers, body, now)
        payload = value(body, media_type(request.headers.get("content-type")))
        event = views.Incoming(name=hook.event, payload=payload, id=message, source=f"webhook {hook.name}")
        (taken,) = await _stored(request, [event], len(body))
        return taken

    async def _events(self, request: Request) -> list[Taken]:
        """For the holder of a token of `tend token add NAME`."""
        holder = self._holder(request)
        body = await request.body()
        incoming = [
            views.Incoming(name=event.type, payload=event.data, id=event.key, source=f"token {holder}")
            for event in cloud_events.read(request.headers, body)
        ]
        return await _stored(request, incoming, len(body))

    def _holder(self, request: Request) -> str:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        holder = self._tokens.holder(token.strip()) if scheme.lower() == "bearer" else None
        if holder is None:
            needed = "send authorization: Bearer TOKEN, with one that is good. A new one: tend token add NAME"
            raise NotAccepted("no_token", needed)
        return holder


async def _stored(request: Request, events: Sequence[views.Incoming], size: int) -> list[Taken]:
    """Raises NotAccepted where one of them is not stored: the others may be, and are known when they come again."""
    intake: Intake = request.app.state.intake
    outcomes = await intake.take(events, size)
    for event, outcome in zip(events, outcomes, strict=True):
        if not outcome.stored:
            type_ = outcome.refused or "not_stored"  # the latter where the disk takes no changes: to be sent again
            status = REFUSED.get(outcome.refused, 422) if outcome.refused else 503
            raise NotAccepted(type_, f"{event.name} {event.id}: {outcome.told}", status)
    return [
        Taken(event=event.name, id=event.id, is_new=outcome.is_new)
        for event, outcome in zip(events, outcomes, strict=True)
    ]
