"""A page and its JSON twin: one function gathers the data, `/PATH` shows it and `/api/PATH` sends it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel
from starlette.responses import HTMLResponse

from harness.web import render
from harness.web.live import Live
from sidecar.client import Client

F = TypeVar("F", bound=Callable[..., BaseModel])


def _client(request: Request) -> Client:
    client: Client = request.app.state.client
    return client


def _waiting(client: Client = Depends(_client)) -> int:  # noqa: B008 # how FastAPI is told
    return client.waiting()


def _newest(request: Request) -> int:
    live: Live = request.app.state.live
    return live.newest


Sidecar = Annotated[Client, Depends(_client)]


def page(router: APIRouter, path: str, template: str) -> Callable[[F], F]:
    """Offer what `gather` returns; its parameters are the path's and the query's, and are in the OpenAPI document."""

    def mark(gather: F) -> F:
        # In this order: what happens while the page is gathered is heard of when it is open.
        def show(
            request: Request,
            since: int = Depends(_newest),
            waiting: int = Depends(_waiting),
            data: Any = Depends(gather),  # noqa: B008 # how FastAPI is told
        ) -> HTMLResponse:
            zone = request.app.state.settings.zone
            return render.page(template, zone, request.url.path, data, since=since, waiting=waiting)

        twin = f"/api{path}".rstrip("/") if path != "/" else "/api/home"
        router.add_api_route(path, show, methods=["GET"], include_in_schema=False, response_class=HTMLResponse)
        router.add_api_route(twin, gather, methods=["GET"])
        return gather

    return mark
