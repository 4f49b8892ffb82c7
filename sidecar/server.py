"""The sidecar's API on its Unix socket: commands as JSON, moments as server-sent events.

    POST /v1/COMMAND   a JSON object of arguments → the answer, or {"type", "detail"} with a status of 400 and above
    GET  /v1/moments   ?since=ID &run=ID          → what happens from then on

Who can open the socket is the person: its folder is theirs alone. Where it is stands in `.tend/socket`.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import FrameType

import uvicorn
from pydantic import JsonValue
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from sidecar.caller import AGENT, PERSON, Caller, CommandRefused
from sidecar.client import socket_place, views
from sidecar.client.settings import Settings
from sidecar.commands import CommandTable
from sidecar.moments import Moments

STATUS = {"unknown": 404, "not_found": 404, "conflict": 409, "not_allowed": 403, "not_leading": 409, "usage": 422}
LOOK_EVERY = 20  # ticks of uvicorn, ten in a second: whether the socket is still there

log = logging.getLogger(__name__)


def application(commands: CommandTable, moments: Moments, is_over: Callable[[str], bool]) -> Starlette:
    """`is_over` tells whether a run has ended: nothing more will happen to it."""

    async def perform(request: Request) -> Response:
        name = request.path_params["command"]
        caller = Caller(who=_person(request), via=request.headers.get("x-via", "api"))
        try:
            arguments = _arguments(await request.body())
            answer = await run_in_threadpool(commands.perform, name, arguments, caller)
        except CommandRefused as error:
            return _problem(error.type, str(error), STATUS.get(error.type, 400))
        except Exception as error:
            log.exception("%s failed", name)
            return _problem(type(error).__name__, f"{name} failed: {error}. See: tend doctor", 500)
        return JSONResponse(answer)

    async def follow(request: Request) -> Response:
        since = request.query_params.get("since") or request.headers.get("last-event-id")
        last = int(since) if since and since.isdecimal() else moments.newest()
        run = request.query_params.get("run")
        stream = _events(moments, last, run, is_over)
        return StreamingResponse(stream, media_type="text/event-stream")

    return Starlette(
        routes=[
            Route("/v1/moments", follow, methods=["GET"]),
            Route("/v1/{command}", perform, methods=["POST"]),
        ]
    )


def serve(app: Starlette, settings: Settings, moments: Moments) -> None:
    """Serve until SIGINT or SIGTERM; on a new socket where the old one was removed, as the last logout does."""
    while not _serve_on(settings.socket, app, settings, moments):
        log.warning("the socket was removed; making another")


def _serve_on(socket: Path, app: Starlette, settings: Settings, moments: Moments) -> bool:
    """Whether it was told to stop; else the socket has gone."""
    socket_place.make_folder(socket.parent)
    socket.unlink(missing_ok=True)
    socket_place.tell(settings.store, socket)
    config = uvicorn.Config(app, uds=str(socket), log_config=None, access_log=False, timeout_graceful_shutdown=2)
    server = _Server(config, moments, socket)
    try:
        server.run()
    finally:
        socket.unlink(missing_ok=True)
        socket_place.tell_no_more(settings.store)
    return server.should_exit


class _Server(uvicorn.Server):
    """Ends its streams first when it is told to stop: each would otherwise wait for more. Then `run` returns; uvicorn
    itself would raise SIGTERM again, and the process would end before the sidecar's other parts have stopped.

    It also returns when its socket has gone, where nobody could reach it any more."""

    def __init__(self, config: uvicorn.Config, moments: Moments, socket: Path) -> None:
        super().__init__(config)
        self._moments = moments
        self._socket = socket

    async def on_tick(self, counter: int) -> bool:
        return await super().on_tick(counter) or (counter % LOOK_EVERY == 0 and not self._socket.exists())

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 # the base class named them
        self._moments.close()
        self.force_exit = self.should_exit
        self.should_exit = True


async def _events(moments: Moments, last: int, run: str | None, is_over: Callable[[str], bool]) -> AsyncIterator[str]:
    """The store says whether a run is over: it may have been ended from afar, and nobody has told."""
    yield ": here\n\n"
    while not moments.closed:
        over = run is not None and await run_in_threadpool(is_over, run)
        for item in await asyncio.to_thread(moments.after, last, 0.0 if over else 1.0):
            last = item.id
            if run is None or item.data.get("run") == run:
                yield f"id: {item.id}\ndata: {item.model_dump_json()}\n\n"
            if run is not None and item.topic == "run" and item.data.get("run") == run and _is_over(item.data):
                return
        if over:
            return


def _is_over(data: dict[str, JsonValue]) -> bool:
    return data.get("state") in views.FINAL


def _arguments(body: bytes) -> dict[str, JsonValue]:
    try:
        arguments = json.loads(body or b"{}")
    except ValueError as error:
        raise CommandRefused("usage", f"the body is no JSON: {error}") from error
    if not isinstance(arguments, dict):
        raise CommandRefused("usage", "the body is a JSON object of arguments")
    return arguments


def _problem(type_: str, detail: str, status: int) -> JSONResponse:
    return JSONResponse({"type": type_, "detail": detail}, status_code=status)


def _person(request: Request) -> str:
    """Who signs the decision. The agent has no way here: its commands come through its run."""
    who = request.headers.get("x-who", PERSON)
    return PERSON if who == AGENT else who
