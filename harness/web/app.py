"""The application: pages, their JSON twins, what can be changed, the doors, and the stream that keeps pages fresh."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

from fastapi import FastAPI, Request
from starlette.responses import Response, StreamingResponse
from starlette.staticfiles import StaticFiles

from harness.web.access import Access
from harness.web.doors.doors import Doors
from harness.web.doors.hooks import Hooks
from harness.web.doors.intake import Intake
from harness.web.doors.tokens import Tokens
from harness.web.entering import entering
from harness.web.guard import Guard
from harness.web.live import Live, moment_of
from harness.web.openapi import described
from harness.web.pages import add_pages
from harness.web.password import Password
from harness.web.place import Place
from harness.web.problems import handle_problems
from harness.web.shared import Shared
from sidecar.client import Client, Settings

STATIC = Path(__file__).parent / "static"


def application(settings: Settings, place: Place) -> FastAPI:
    access, password = Access(settings.store), Password(settings.store)
    live = Live(settings)
    cookie = f"tend_{place.port}"  # a browser keeps one jar for all ports of a host

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        access.forget_old()
        live.open()
        with Client(settings, via="web") as client:
            app.state.client = client
            app.state.intake = Intake(client)
            yield
        live.close()

    app = FastAPI(
        title="Tend",
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        lifespan=lifespan,
        redirect_slashes=False,
    )
    app.state.settings = settings
    app.state.live = live
    doors = Doors(Hooks(settings.store), Tokens(settings.store))
    app.add_middleware(Shared, newest=lambda: live.newest)
    app.add_middleware(Guard, doors=doors, access=access, password=password, hosts=place.hosts, cookie=cookie)
    handle_problems(app)
    app.include_router(entering(access, password, cookie, secure=place.scheme == "https"))
    add_pages(app)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.openapi = cache(lambda: described(app))  # type: ignore[method-assign] # as FastAPI's guide has it

    @app.get("/live", include_in_schema=False)
    async def stream(request: Request, since: int | None = None) -> Response:
        last = moment_of(request.headers.get("last-event-id", ""))
        events = live.stream(since if last is None else last)
        return StreamingResponse(events, media_type="text/event-stream")

    return app
