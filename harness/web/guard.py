"""What stands before every page: a page on localhost can be reached from any other page that the person visits.

    not too large? ─► Host is ours? ─► is the browser on our own page? (changes, and streams) ─► a session? ─► the page
                 └──► a door for machines, which asks for a signature or a token: no cookie opens it

The Host keeps out names that were pointed at us (DNS rebinding), the second other sites' forms and scripts.
"""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from harness.web.access import Access
from harness.web.doors.doors import EVENTS, HOOKS
from harness.web.password import Password
from harness.web.problems import FOR_PROGRAMS, problem, refusal

READING = ("GET", "HEAD")
STREAMS = ("/live",)
OPEN_TO_ALL = ("/enter", "/login", "/static/")
DOORS = (HOOKS, EVENTS)  # by whatever name this machine is known there
BODY_AT_MOST = 2 * 2**20  # bytes; what is stored may have half of that
TOO_LARGE = f"a request may have {BODY_AT_MOST:,} bytes"

HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}


class Guard:
    def __init__(
        self,
        app: ASGIApp,
        *,
        doors: ASGIApp,
        access: Access,
        password: Password,
        hosts: frozenset[str],
        cookie: str,
    ) -> None:
        self._app = app
        self._doors = doors
        self._access = access
        self._password = password
        self._hosts = hosts
        self._cookie = cookie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = self._instead(scope) or self._app
        await answer(scope, _limited(receive), _with_headers(send))

    def _instead(self, scope: Scope) -> ASGIApp | None:
        """Of the pages: a refusal, or a door."""
        headers = Headers(scope=scope)
        path: str = scope["path"]
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length[:10]) > BODY_AT_MOST:
            return refusal(path, 413, "too_large", TOO_LARGE)
        if path.startswith(DOORS):
            return self._doors
        host = headers.get("host", "")
        if host not in self._hosts:
            return problem(421, "wrong_host", f"this is not {host or 'a page without a host'}")
        if (scope["method"] not in READING or path in STREAMS) and not _is_from_our_page(headers, host):
            return problem(403, "cross_site", "another site's page may not do this")
        if path.startswith(OPEN_TO_ALL) or self._access.admits(session_of(headers, self._cookie)):
            return None
        if self._password.is_set and not path.startswith(FOR_PROGRAMS):
            return RedirectResponse("/login", 303)
        return refusal(path, 401, "no_session", "open the pages by a link of their own: tend web")


def session_of(headers: Headers, cookie: str) -> str | None:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(cookie)
    except CookieError:
        return None
    return found.value if found else None


def _is_from_our_page(headers: Headers, host: str) -> bool:
    """Browsers say where a request comes from; a program that says nothing has to have the cookie all the same."""
    origin = headers.get("origin")
    if origin is not None and origin.partition("://")[2] != host:
        return False
    return headers.get("sec-fetch-site", "same-origin") == "same-origin"


def _limited(receive: Receive) -> Receive:
    """A body that does not say how long it is, is counted as it comes."""
    got = 0

    async def receiving() -> Message:
        nonlocal got
        message = await receive()
        got += len(message.get("body", b""))
        if got > BODY_AT_MOST:
            raise HTTPException(413, TOO_LARGE)
        return message

    return receiving


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("cache-control", "no-store")
        await send(message)

    return sending
