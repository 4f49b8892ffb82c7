"""A sidecar's double: the same protocol on a real Unix socket, with answers that a test sets."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingMixIn, UnixStreamServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from pydantic import BaseModel, JsonValue

from sidecar.client.views import FINAL, Moment

Answer = Callable[[dict[str, Any]], object]


class Refusal(Exception):
    def __init__(self, status: int, type_: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.body = {"type": type_, "detail": detail}


class Double:
    """`answers` maps a command to a view, or to a function of its arguments; `asked` keeps what was asked."""

    def __init__(self, socket: Path) -> None:
        self.socket = socket
        self.answers: dict[str, object] = {}
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.news = threading.Condition()
        self.cuts = 0  # how often all streams were cut
        self.streams = 0  # how many were opened
        self._moments: list[Moment] = []
        self._next = 1_000

    def start(self) -> Self:
        self.socket.parent.mkdir(parents=True, exist_ok=True)
        self.socket.unlink(missing_ok=True)
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        return self

    def stop(self) -> None:
        """Gone, as after a kill: streams are cut, and no socket is left."""
        self.cut()
        self.socket.unlink(missing_ok=True)
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def forget(self) -> None:
        """What a restart does: no moment from before is kept, and new ones have higher numbers."""
        with self.news:
            self._moments.clear()
            self._next += 1_000

    def publish(self, topic: str, **data: JsonValue) -> None:
        with self.news:
            self._next += 1
            self._moments.append(Moment(id=self._next, at=datetime.now(UTC), topic=topic, data=data))
            self.news.notify_all()

    def cut(self) -> None:
        with self.news:
            self.cuts += 1
            self.news.notify_all()

    def wait_until(self, condition: Callable[[], bool], within: float = 60.0) -> None:
        """Until the condition holds; looked at whenever something is published, asked or opened."""
        with self.news:
            assert self.news.wait_for(condition, within), "the condition never held"

    def commands(self) -> list[str]:
        return [command for command, _ in self.asked]

    def answer(self, command: str, arguments: dict[str, Any]) -> object:
        with self.news:
            self.asked.append((command, arguments))
            self.news.notify_all()
        if command not in self.answers:
            raise Refusal(404, "not_found", f"the double has no answer to {command!r}")
        answer = self.answers[command]
        return answer(arguments) if callable(answer) else answer

    def after(self, last: int) -> list[Moment]:
        return [moment for moment in self._moments if moment.id > last]


class _Server(ThreadingMixIn, UnixStreamServer):
    daemon_threads = True

    def __init__(self, double: Double) -> None:
        self.double = double
        super().__init__(str(double.socket), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hung up is not worth a traceback."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def double(self) -> Double:
        assert isinstance(self.server, _Server)
        return self.server.double

    def do_POST(self) -> None:
        arguments = json.loads(self.rfile.read(int(self.headers["content-length"])))
        try:
            status, body = 200, plain(self.double.answer(self.path.removeprefix("/v1/"), arguments))
        except Refusal as refusal:
            status, body = refusal.status, refusal.body
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_GET(self) -> None:
        """The moments, until the run that they belong to has ended, or the streams are cut."""
        query = parse_qs(urlsplit(self.path).query)
        run = query["run"][0] if "run" in query else None
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.send_header("connection", "close")
        self.end_headers()
        double, last, cuts = self.double, int(query.get("since", ["0"])[0]), self.double.cuts
        with double.news:
            double.streams += 1
            double.news.notify_all()
        while True:
            with double.news:
                while not (fresh := double.after(last)) and double.cuts == cuts:
                    double.news.wait()
                if double.cuts > cuts:
                    return  # no last chunk: the client sees a connection that broke
            for moment in fresh:
                last = moment.id
                if run is None or moment.data.get("run") == run:
                    self._chunk(f"id: {moment.id}\ndata: {moment.model_dump_json()}\n\n".encode())
                    if run is not None and moment.topic == "run" and moment.data["state"] in FINAL:
                        self._chunk(b"")
                        return

    def _chunk(self, content: bytes) -> None:
        self.wfile.write(f"{len(content):x}\r\n".encode() + content + b"\r\n")
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base's name
        """Quiet."""


def plain(answer: object) -> Any:
    if isinstance(answer, list | tuple):
        return [plain(item) for item in answer]
    return answer.model_dump(mode="json") if isinstance(answer, BaseModel) else answer
