"""The world that skills act on in tests: an HTTP server that remembers what it was asked, and by which key."""

from __future__ import annotations

import json
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from tests.support.served import Served

NO_REPLY: tuple[int, Any] = (0, None)  # the connection is closed instead


@dataclass(frozen=True)
class Received:
    method: str
    path: str
    key: str  # the header idempotency-key
    body: str
    headers: Mapping[str, str] = field(default_factory=dict)  # by their names in small letters


class Sink(Served):
    """Answers 200 and {"count": N} on every path, N being how often the path was asked; `replies` has others, each
    given once: `sink.replies["/price"].append((503, {}))`, or `NO_REPLY`. A path in `held` is answered when it is let
    go."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.replies: defaultdict[str, deque[tuple[int, Any]]] = defaultdict(deque)
        self.held: dict[str, threading.Event] = {}
        self._guard = threading.Lock()
        super().__init__(_Server(self), "sink")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for held in self.held.values():
            held.set()
        super().__exit__(kind, error, trace)

    def hold(self, path: str) -> threading.Event:
        """From now on requests for `path` wait until the event is set."""
        return self.held.setdefault(path, threading.Event())

    def forget(self) -> None:
        """What was received so far."""
        with self._guard:
            self.received.clear()

    def count(self, path: str) -> int:
        return self.paths()[path]

    def paths(self) -> Counter[str]:
        """How often each path was asked."""
        with self._guard:
            return Counter(item.path for item in self.received)

    def keys(self, path: str) -> Counter[str]:
        """How often each idempotency key came to `path`."""
        with self._guard:
            return Counter(item.key for item in self.received if item.path == path)

    def answer(self, received: Received) -> tuple[int, Any]:
        with self._guard:
            self.received.append(received)
            count = sum(item.path == received.path for item in self.received)
            scripted = self.replies[received.path]
            reply = scripted.popleft() if scripted else (200, {"count": count})
        if held := self.held.get(received.path):
            held.wait(60)
        return reply


class _Server(ThreadingHTTPServer):
    daemon_threads = False

    def __init__(self, sink: Sink) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.sink = sink


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        self._answer()

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        key = self.headers.get("idempotency-key", "")
        headers = {name.lower(): value for name, value in self.headers.items()}
        status, reply = self.server.sink.answer(Received(self.command, self.path, key, body, headers))
        if (status, reply) == NO_REPLY:
            self.close_connection = True
            return
        content = json.dumps(reply).encode()
        with suppress(ConnectionError):  # whoever asked was killed meanwhile
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class named it
        """Say nothing: what was asked is in `received`."""
