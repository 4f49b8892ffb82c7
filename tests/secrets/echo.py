"""A web server that gives back whatever secret it is sent, in every way of writing it."""

from __future__ import annotations

import gzip
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.secrets.forms import encodings
from tests.support.served import Served


class Echo(Served):
    """`received` has each request: its first line, headers and body as bytes. `/elsewhere?URL` redirects there."""

    def __init__(self, value: str) -> None:
        self.value = value
        self.received: list[bytes] = []
        super().__init__(_Server(self), "echo")

    def page(self) -> bytes:
        """All ways of writing it, in one text."""
        return b"\n".join(b"<p>" + written + b"</p>" for _, written in encodings(self.value))


class _Server(ThreadingHTTPServer):
    daemon_threads = False

    def __init__(self, echo: Echo) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.echo = echo


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        echo = self.server.echo
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        echo.received.append(f"{self.requestline}\n{self.headers}\n".encode() + body)
        page, _, argument = self.path.strip("/").partition("?")
        if page == "elsewhere":
            self.send_response(307)
            self.send_header("location", argument)
            self.end_headers()
            return
        content = gzip.compress(echo.page()) if page in ("packed", "archive") else echo.page()
        self.send_response(401 if page == "refused" else 200)
        self.send_header("content-type", "text/html; charset=utf-8")
        if page == "packed":
            self.send_header("content-encoding", "gzip")
        if page == "header":
            self.send_header("x-your-token", echo.value)
            self.send_header("set-cookie", f"token={echo.value}")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class named it
        """Say nothing: what was asked is in `received`."""
