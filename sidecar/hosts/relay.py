"""What happens on one host, told on all: whoever watches a run may sit at another one than it runs on.

A moment is never the truth, so it goes by PostgreSQL's NOTIFY, and one that gets lost is not sent again. Moments that
follow at once on another go together: each NOTIFY is a commit, and wakes every host.
"""

from __future__ import annotations

import json
import logging
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

import psycopg
from pydantic import JsonValue

from sidecar.moments import Moments
from sidecar.store.postgresql import SOCKET

CHANNEL = "tend_moments"
PAYLOAD_AT_MOST = 7_900  # bytes; PostgreSQL's own limit is 8,000
FIELD_AT_MOST = 500  # bytes of one field, where the whole would be too large
SEND_EVERY = 0.05  # seconds at least between two
WAITING_AT_MOST = 10_000  # moments
TRY_AGAIN_AFTER = 1.0  # seconds
LOOK_EVERY = 0.5  # seconds

log = logging.getLogger(__name__)


class Relay:
    """Between `start` and `stop`, publishes here what was published on other hosts, and there what was here."""

    def __init__(self, address: str, host: str, moments: Moments) -> None:
        self._address = address
        self._host = host
        self._moments = moments
        self._waiting: queue.Queue[str | None] = queue.Queue(WAITING_AT_MOST)
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._for_ever, args=(act,), name=name, daemon=True)
            for name, act in (("relay-out", self._send), ("relay-in", self._listen))
        ]

    def start(self) -> None:
        self._moments.tell_others = self._tell
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._over.set()
        self._waiting.put(None)
        for thread in self._threads:
            thread.join()

    def _tell(self, topic: str, data: dict[str, JsonValue]) -> None:
        if not self._waiting.full():
            self._waiting.put(_text(self._host, topic, data))

    def _for_ever(self, act: Callable[[psycopg.Connection], None]) -> None:
        while not self._over.is_set():
            try:
                with psycopg.connect(self._address, autocommit=True, **SOCKET) as connection:
                    act(connection)
            except psycopg.Error as error:
                log.warning("moments do not reach the other hosts: %s", error)
                self._over.wait(TRY_AGAIN_AFTER)

    def _send(self, connection: psycopg.Connection) -> None:
        over = False
        while not over:
            waiting = self._all_that_waits()
            over = None in waiting
            for payload in _payloads(filter(None, waiting)):
                connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, payload))
            self._over.wait(SEND_EVERY)

    def _all_that_waits(self) -> list[str | None]:
        """At least one; with None it is over."""
        waiting = [self._waiting.get()]
        with suppress(queue.Empty):
            while True:
                waiting.append(self._waiting.get_nowait())
        return waiting

    def _listen(self, connection: psycopg.Connection) -> None:
        connection.execute(f"LISTEN {CHANNEL}")
        while not self._over.is_set():
            for heard in connection.notifies(timeout=LOOK_EVERY):
                for said in json.loads(heard.payload):
                    if said["host"] != self._host:
                        self._moments.hear(said["topic"], said["data"])


def _payloads(moments: Iterable[str]) -> Iterator[str]:
    """JSON lists of them, as few as may be."""
    payload = ""
    for text in moments:
        if payload and len(payload) + len(text) > PAYLOAD_AT_MOST:
            yield f"[{payload}]"
            payload = ""
        payload = f"{payload},{text}" if payload else text
    if payload:
        yield f"[{payload}]"


def _text(host: str, topic: str, data: dict[str, JsonValue]) -> str:
    whole = json.dumps({"host": host, "topic": topic, "data": data})
    if len(whole) <= PAYLOAD_AT_MOST:
        return whole
    small = {name: value for name, value in data.items() if len(json.dumps(value)) <= FIELD_AT_MOST}
    return json.dumps({"host": host, "topic": topic, "data": small})
