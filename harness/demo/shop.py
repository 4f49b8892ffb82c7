"""The demo's shop: a real HTTP server with a page for each lamp.

No two looks at a page show the same price. The shop keeps a book of its visits, gives each a number (`x-visit` in the
reply), and knows what happens to shops: it can be slow, and it can get a new layout.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import MSG_DONTWAIT, MSG_PEEK, socket
from types import TracebackType
from typing import Literal, Self

LAMPS = {"luna": 4_210, "sol": 7_950}  # cents, about
LOOK = 0.02  # seconds between two looks at a caller who is kept waiting

OLD = '<h1>{lamp}</h1><p class="price">€ {euros:.2f}</p>'
NEW = '<h1>{lamp}</h1><b itemprop="price" content="{euros:.2f}">nur {euros:.2f}</b>'


@dataclass(frozen=True)
class Visit:
    """A line of the shop's book. Who hung up before the answer was not told the price."""

    number: int
    lamp: str
    euros: float
    outcome: Literal["answered", "caller gone"]


class Shop:
    """Serves on 127.0.0.1 while the context is open."""

    def __init__(self) -> None:
        self._server = _Server()
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": LOOK}, name="shop")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def visits(self) -> list[Visit]:
        """The book so far, in the order in which the visits ended."""
        return list(self._server.book)

    @property
    def waiting(self) -> int:
        """How many callers are being kept waiting at this moment."""
        return self._server.waiting

    @contextmanager
    def slow(self, lamp: str) -> Iterator[None]:
        """While it is open, the page of `lamp` does not come."""
        self._server.slow = lamp
        try:
            yield
        finally:
            self._server.slow = None

    def redesign(self) -> None:
        """From now on the pages have another layout."""
        self._server.layout = NEW

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.slow = None
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.layout = OLD
        self.slow: str | None = None
        self.book: list[Visit] = []
        self.waiting = 0
        self._visits = 0
        self._lock = threading.Lock()

    def next_visit(self) -> int:
        with self._lock:
            self._visits += 1
            return self._visits

    def wait(self, by: int) -> None:
        with self._lock:
            self.waiting += by


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    connection: socket

    def do_GET(self) -> None:
        lamp = self.path.strip("/")
        if lamp not in LAMPS:
            self.send_error(404)
            return
        number = self.server.next_visit()
        euros = (LAMPS[lamp] + 17 * number % 300) / 100
        if not self._is_patient(lamp):
            self.server.book.append(Visit(number, lamp, euros, "caller gone"))
            return
        self.server.book.append(Visit(number, lamp, euros, "answered"))
        with suppress(ConnectionError):
            self._answer(number, self.server.layout.format(lamp=lamp.title(), euros=euros).encode())

    def _is_patient(self, lamp: str) -> bool:
        """Whether the caller is still there when the shop gets round to answering."""
        if self.server.slow != lamp:
            return True
        self.server.wait(+1)
        ticker = threading.Event()
        try:
            while self.server.slow == lamp:
                if self._has_hung_up():
                    return False
                ticker.wait(LOOK)
            return True
        finally:
            self.server.wait(-1)

    def _has_hung_up(self) -> bool:
        try:
            return self.connection.recv(1, MSG_PEEK | MSG_DONTWAIT) == b""
        except BlockingIOError:
            return False
        except ConnectionError:
            return True

    def _answer(self, number: int, page: bytes) -> None:
        self.send_response(200)
        headers = {"content-type": "text/html; charset=utf-8", "content-length": str(len(page)), "x-visit": str(number)}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class named it
        """Say nothing: what was asked is in the book."""
