"""How a browser comes in and leaves: by a link that works once, or by the password; what it gets is a cookie."""

from __future__ import annotations

import math
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response

from harness.web.access import SESSION_WITHIN, Access
from harness.web.guard import session_of
from harness.web.password import Password, TooSoon
from harness.web.problems import refusal
from harness.web.render import login_page

# It leads on by itself: where another site's page opened the link, a redirect would not bring the cookie along.
ONWARDS = (
    '<!doctype html><html lang="en"><meta http-equiv="refresh" content="0; url=/">'
    '<title>Tend</title><a href="/">Tend</a></html>'
)


def entering(access: Access, password: Password, cookie: str, *, secure: bool) -> APIRouter:
    """`secure`: the cookie goes over TLS alone."""
    router = APIRouter()

    def admitted(session: str, answer: Response) -> Response:
        answer.set_cookie(cookie, session, max_age=int(SESSION_WITHIN), httponly=True, secure=secure, samesite="strict")
        return answer

    @router.get("/enter", include_in_schema=False)
    def enter(ticket: str = "") -> Response:
        session = access.enter(ticket)
        if session is None:
            return refusal("/enter", 401, "no_session", "this link was used, or is too old. A new one: tend web")
        return admitted(session, HTMLResponse(ONWARDS))

    @router.get("/login", include_in_schema=False, response_class=HTMLResponse)
    def ask() -> Response:
        if not password.is_set:
            raise HTTPException(404)
        return login_page()

    @router.post("/login", include_in_schema=False)
    async def login(request: Request) -> Response:
        given = _password(await request.body())
        try:
            if await run_in_threadpool(password.fits, given):
                return admitted(access.new_session(), RedirectResponse("/", 303))
        except TooSoon as error:
            answer = login_page(429, f"{error}.")
            answer.headers["retry-after"] = str(math.ceil(error.seconds))
            return answer
        return login_page(401, "That is not it.")

    @router.post("/api/leave", status_code=204)
    def leave(request: Request) -> Response:
        """End this browser's session."""
        session = session_of(request.headers, cookie)
        if session:
            access.leave(session)
        answer = Response(status_code=204)
        answer.delete_cookie(cookie, httponly=True, secure=secure, samesite="strict")
        return answer

    return router


def _password(form: bytes) -> str:
    try:
        return parse_qs(form.decode(errors="replace"), max_num_fields=10).get("password", [""])[0]
    except ValueError:
        return ""
