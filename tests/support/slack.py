"""A Slack as the web API shows it: chat.postMessage, conversations.history and .list, over real HTTP, with faults.

It keeps every message that it took: what was posted twice is in the history twice.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter, deque
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, TypeAlias
from urllib.parse import parse_qs

from tests.support.served import Served

TOKEN = "xoxb-of-a-test"  # noqa: S105 # of no real workspace

# What befalls a request: its reply is lost after it was done, or the connection before it was; or an error of Slack's.
Fault: TypeAlias = Literal["reply lost", "request lost"] | tuple[int, str, dict[str, str]]


@dataclass(frozen=True)
class Post:
    channel: str
    text: str
    metadata: dict[str, Any] | None
    ts: str

    @property
    def delivery(self) -> str:
        return str((self.metadata or {})["event_payload"]["delivery_id"])


@dataclass
class _State:
    posts: list[Post] = field(default_factory=list)
    asked: Counter[str] = field(default_factory=Counter)
    faults: dict[str, deque[Fault]] = field(default_factory=dict)
    away: bool = False


class Slack(Served):
    """`channels` are their names and ids. `fail("chat.postMessage", fault, ...)`: what befalls its next requests."""

    def __init__(self, **channels: str) -> None:
        self.channels = channels or {"ops": "C0OPS"}
        self.private: set[str] = set()  # those of them that only members see
        self.received: list[bytes] = []  # whole requests
        self._state = _State()
        self._guard = threading.Lock()
        super().__init__(_Server(self), "slack")

    @property
    def base_url(self) -> str:
        return f"http://{self.host}/api/"

    @property
    def settings(self) -> str:
        """Of a target, for tend.toml."""
        return f'kind = "slack"\nchannel = "#ops"\nbase_url = "{self.base_url}"\n'

    def fail(self, method: str, *faults: Fault) -> None:
        with self._guard:
            self._state.faults.setdefault(method, deque()).extend(faults)

    def go_away(self) -> None:
        """Every request breaks off before it is taken, until `come_back`."""
        self._state.away = True

    def come_back(self) -> None:
        self._state.away = False

    def posts(self) -> list[Post]:
        with self._guard:
            return list(self._state.posts)

    def texts(self) -> list[str]:
        return [post.text for post in self.posts()]

    def asked(self, method: str) -> int:
        with self._guard:
            return self._state.asked[method]

    def answer(
        self, method: str, given: dict[str, Any], token: str
    ) -> tuple[int, dict[str, Any], dict[str, str]] | None:
        """None: no reply comes."""
        with self._guard:
            self._state.asked[method] += 1
            if self._state.away:
                return None
            faults = self._state.faults.get(method)
            fault = faults.popleft() if faults else None
            if isinstance(fault, tuple):
                return fault[0], {"ok": False, "error": fault[1]}, fault[2]
            if fault == "request lost":
                return None
            reply = self._perform(method, given) if token == TOKEN else {"ok": False, "error": "invalid_auth"}
            return None if fault == "reply lost" else (200, reply, {})

    def _perform(self, method: str, given: dict[str, Any]) -> dict[str, Any]:
        match method:
            case "chat.postMessage":
                return self._post(given)
            case "conversations.history":
                return self._history(given)
            case "conversations.list":
                kinds = str(given.get("types", "public_channel")).split(",")
                found = [
                    {"id": identity, "name": name}
                    for name, identity in self.channels.items()
                    if ("private_channel" if name in self.private else "public_channel") in kinds
                ]
                return {"ok": True, "channels": found, "response_metadata": {"next_cursor": ""}}
            case _:
                return {"ok": False, "error": "unknown_method"}

    def _post(self, given: dict[str, Any]) -> dict[str, Any]:
        channel = self.channels.get(str(given["channel"]).removeprefix("#"), given["channel"])
        if channel not in self.channels.values():
            return {"ok": False, "error": "channel_not_found"}
        metadata = given.get("metadata")
        metadata = json.loads(metadata) if isinstance(metadata, str) else metadata
        post = Post(channel, given["text"], metadata, f"{time.time():.6f}")
        self._state.posts.append(post)
        return {"ok": True, "channel": channel, "ts": post.ts}

    def _history(self, given: dict[str, Any]) -> dict[str, Any]:
        if given["channel"] not in self.channels.values():
            return {"ok": False, "error": "channel_not_found"}
        shown = str(given.get("include_all_metadata")).lower() in ("1", "true")
        found = [post for post in self._state.posts if post.channel == given["channel"]]
        messages = [
            {"ts": post.ts, "text": post.text} | ({"metadata": post.metadata} if shown and post.metadata else {})
            for post in reversed(found)
            if float(post.ts) > float(given.get("oldest", 0))
        ]
        return {"ok": True, "messages": messages, "has_more": False}


class _Server(ThreadingHTTPServer):
    daemon_threads = False

    def __init__(self, slack: Slack) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.slack = slack


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        self.server.slack.received.append(f"{self.requestline}\n{self.headers}\n{body}".encode())
        is_json = "json" in self.headers.get("content-type", "")
        given = json.loads(body) if is_json else {name: values[0] for name, values in parse_qs(body).items()}
        token = self.headers.get("authorization", "").removeprefix("Bearer ")
        answer = self.server.slack.answer(self.path.removeprefix("/api/"), given, token)
        if answer is None:
            self.close_connection = True
            return
        status, reply, headers = answer
        content = json.dumps(reply).encode()
        with suppress(ConnectionError):  # whoever asked was killed meanwhile
            self.send_response(status)
            for name, value in {"content-type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class named it
        """Say nothing: what was posted is in `posts`."""
