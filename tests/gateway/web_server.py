"""A web server for the tests of HTTP effects: real sockets on 127.0.0.1, a page for each way of answering."""

from __future__ import annotations

import json
import re
import select
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

MEBIBYTE = bytes(1024 * 1024)


class WebServer(ThreadingHTTPServer):
    """`seen` has the requests' lines. `/hold` waits for `release`; its client's leaving sets `abandoned`."""

    daemon_threads = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Page)
        self.seen: list[str] = []
        self.holding = threading.Event()
        self.release = threading.Event()
        self.abandoned = threading.Event()
        self.stopping = threading.Event()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"


class _Page(BaseHTTPRequestHandler):
    server: WebServer

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        self.server.seen.append(f"{self.command} {self.path}")
        _, page, argument = re.split(r"[/?]", self.path + "/", maxsplit=2)
        with suppress(ConnectionError):
            getattr(self, f"page_{page}")(unquote(argument).rstrip("/"))

    def page_echo(self, _: str) -> None:
        """What was sent, as JSON."""
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self._reply(json.dumps({"method": self.command, "headers": headers, "body": body.decode()}).encode())

    def page_status(self, code: str) -> None:
        self._reply(b"as asked", int(code))

    def page_redirect(self, target: str) -> None:
        self.send_response(302)
        self.send_header("location", target)
        self.end_headers()

    def page_loop(self, _: str) -> None:
        self.page_redirect("/loop")

    def page_large(self, mebibytes: str) -> None:
        self.send_response(200)
        self.end_headers()
        for _ in range(int(mebibytes)):
            self.wfile.write(MEBIBYTE)

    def page_short(self, _: str) -> None:
        """Fewer bytes than announced."""
        self.send_response(200)
        self.send_header("content-length", "100")
        self.end_headers()
        self.wfile.write(b"half")

    def page_drip(self, _: str) -> None:
        """A byte now and then, for ever: never silent for long, never done."""
        self.send_response(200)
        self.end_headers()
        while not self.server.stopping.wait(0.02):
            self.wfile.write(b".")

    def page_hold(self, _: str) -> None:
        self.server.holding.set()
        while not self.server.release.is_set() and not self.server.stopping.is_set():
            # The client has said all it will say, so there is something to read only when it hung up.
            if select.select([self.connection], [], [], 0.02)[0]:
                self.server.abandoned.set()
                return
        self._reply(b"held")

    def _reply(self, body: bytes, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("content-type", "text/plain")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class named it
        """Say nothing: what was asked is in `seen`."""


@contextmanager
def web_server() -> Iterator[WebServer]:
    server = WebServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.stopping.set()
        server.shutdown()
        server.server_close()
        thread.join()
