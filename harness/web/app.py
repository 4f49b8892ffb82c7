"""The application: pages, their JSON twins, what can be changed, and the stream that keeps them fresh."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.staticfiles import StaticFiles

from harness.web.access import ADDRESS, SESSION_WITHIN, Access
from harness.web.guard import Guard, session_of
from harness.web.live import Live
from harness.web.pages import add_pages
from harness.web.problems import handle_problems, refusal
from sidecar.client import Client, Settings

STATIC = Path(__file__).parent / "static"


def application(settings: Settings) -> FastAPI:
    access = Access(settings.store)
    live = Live(settings)
    cookie = f"tend_{settings.web_port}"  # a browser keeps one jar for all ports of a host

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        access.forget_old()
        live.open()
        with Client(settings, via="web") as client:
            app.state.client = client
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
    app.add_middleware(Guard, access=access, hosts=_hosts(settings), cookie=cookie)
    handle_problems(app)
    add_pages(app)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")

    @app.get("/enter", include_in_schema=False)
    def enter(ticket: str = "") -> Response:
        session = access.enter(ticket)
        if session is None:
            return refusal("/enter", 401, "no_session", "this link was used, or is too old. A new one: tend web")
        answer = RedirectResponse("/", 303)
        answer.set_cookie(cookie, session, max_age=int(SESSION_WITHIN), httponly=True, samesite="strict")
        return answer

    @app.post("/api/leave", status_code=204)
    def leave(request: Request) -> Response:
        """End this browser's session."""
        session = session_of(request.headers, cookie)
        if session:
            access.leave(session)
        answer = Response(status_code=204)
        answer.delete_cookie(cookie, httponly=True, samesite="strict")
        return answer

    @app.get("/live", include_in_schema=False)
    async def stream(request: Request, since: int | None = None) -> Response:
        last = request.headers.get("last-event-id", "")
        events = live.stream(int(last) if last.isdecimal() else since)
        return StreamingResponse(events, media_type="text/event-stream")

    return app


def _hosts(settings: Settings) -> frozenset[str]:
    """What a browser may call us."""
    return frozenset(f"{name}:{settings.web_port}" for name in (ADDRESS, "localhost"))
