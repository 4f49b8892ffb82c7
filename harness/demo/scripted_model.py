"""A model that follows a script: a real HTTP server that speaks the Messages protocol, for tests and for the demo.

    with ScriptedModel(lambda request: Turn(text="Good morning.")) as model:
        ...                       # set the base URL to model.base_url; what was asked is in model.requests

It always says what it is: the model's name in each reply is "scripted-model", and each reply has the header
`x-scripted-model: true`. As a process of its own: `python -m harness.demo.scripted_model --script module:function`.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import signal
import socket
import struct
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from harness.demo.turns import (
    Cut,
    CutInput,
    ErrorEvent,
    Event,
    Fault,
    Garbled,
    Hang,
    Request,
    Reset,
    Script,
    Status,
    ToolUse,
    Turn,
    events,
    in_order,
)

__all__ = [
    "Cut",
    "CutInput",
    "ErrorEvent",
    "Fault",
    "Garbled",
    "Hang",
    "Request",
    "Reset",
    "Script",
    "ScriptedModel",
    "Status",
    "ToolUse",
    "Turn",
    "in_order",
]

ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}


class ScriptedModel:
    """Serves the script on 127.0.0.1 while the context is open; `port` 0 takes a free one."""

    def __init__(self, script: Script, *, port: int = 0) -> None:
        self._server = _Server(script, port)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, name="scripted-model"
        )

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def requests(self) -> list[Request]:
        """The bodies of all requests so far, in the order in which they came."""
        return list(self._server.received)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stopping.set()
        self._server.shutdown()
        self._server.server_close()  # waits for the turns that are being given
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = False

    def __init__(self, script: Script, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.script = script
        self.received: list[Request] = []
        self.counting = threading.Lock()
        self.stopping = threading.Event()

    def receive(self, request: Request) -> int:
        """Remember the request; returns its number, from 1."""
        with self.counting:
            self.received.append(request)
            return len(self.received)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.close_connection = True  # one turn a connection, so that each fault is that turn's own
        with suppress(ConnectionError):  # the client gave up, as clients do
            self._take_turn()

    def _take_turn(self) -> None:
        request = self._request()
        if request is None:
            return
        number = self.server.receive(request)
        try:
            turn = self.server.script(request)
        except Exception as error:  # noqa: BLE001 - a mistake in the script is told to the client, like a bad request
            self._refuse(Status(400, f"the script failed: {error!r}"))
            return
        self._give(turn, number, request)

    def _request(self) -> Request | None:
        content = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path.partition("?")[0] != "/v1/messages":
            self._refuse(Status(404, f"there is no {self.path}; this server has /v1/messages only"))
            return None
        try:
            request = json.loads(content)
        except ValueError as error:
            self._refuse(Status(400, f"the body is not JSON: {error}"))
            return None
        if not isinstance(request, dict) or request.get("stream") is not True:
            self._refuse(Status(400, 'this server only streams: send "stream": true'))
            return None
        return request

    def _give(self, turn: Turn, number: int, request: Request) -> None:
        match turn.fault:
            case Status() as status:
                self._refuse(status)
            case Reset(after=0):
                self._reset()
            case fault:
                self._head(200, {"content-type": "text/event-stream", "transfer-encoding": "chunked"})
                self._stream(list(events(turn, number, request)), fault)

    def _stream(self, whole: list[Event], fault: Fault | None) -> None:
        sent = len(whole) if fault is None or isinstance(fault, CutInput | Status) else fault.after
        for event in whole[:sent]:
            self._event(event["type"], json.dumps(event))
        match fault:
            case Reset():
                self._reset()
                return
            case Hang():
                self.server.stopping.wait()
            case Garbled():
                self._event("content_block_delta", '{"type": "content_block_delta", "index": ')
            case ErrorEvent(type=kind):
                error = {"type": "error", "error": {"type": kind, "message": "as scripted"}}
                self._event("error", json.dumps(error))
        self._chunk(b"")

    def _refuse(self, status: Status) -> None:
        kind = ERROR_TYPES.get(status.code, "api_error")
        body = json.dumps({"type": "error", "error": {"type": kind, "message": status.message}}).encode()
        headers = {"content-type": "application/json", "content-length": str(len(body))}
        if status.retry_after is not None:
            headers["retry-after"] = f"{status.retry_after:g}"
        self._head(status.code, headers)
        self.wfile.write(body)

    def _head(self, code: int, headers: dict[str, str]) -> None:
        self.send_response(code)
        for name, value in {**headers, "connection": "close", "x-scripted-model": "true"}.items():
            self.send_header(name, value)
        self.end_headers()

    def _event(self, name: str, data: str) -> None:
        self._chunk(f"event: {name}\ndata: {data}\n\n".encode())

    def _chunk(self, content: bytes) -> None:
        """An empty chunk ends the body."""
        self.wfile.write(b"%x\r\n%s\r\n" % (len(content), content))

    def _reset(self) -> None:
        """Close so that the client gets a reset (RST), not an end: no lingering, and not by the server's own way."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class named it
        """Say nothing: what was asked is in `requests`."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve a script until SIGINT or SIGTERM; the first line of output is the base URL."""
    parser = argparse.ArgumentParser(prog="python -m harness.demo.scripted_model", description=main.__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 (the default) takes a free one")
    parser.add_argument("--script", required=True, metavar="MODULE:FUNCTION", help="takes a request, returns a Turn")
    given = parser.parse_args(arguments)
    ending = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, ending)  # before there are threads, which inherit it
    with ScriptedModel(_named(given.script), port=given.port) as model:
        sys.stdout.write(f"{model.base_url}\n")
        sys.stdout.flush()
        signal.sigwait(ending)


def _named(path: str) -> Script:
    module, _, function = path.partition(":")
    script = getattr(importlib.import_module(module), function or "script", None)
    if not callable(script):
        raise SystemExit(f"{path!r} names no function; write --script module:function.")
    found: Script = script
    return found


if __name__ == "__main__":
    main()
