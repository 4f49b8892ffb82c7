"""Sends requests as services do: each when it is time, whether the last one was answered or not, and what is not
answered well once more. By plain sockets that stay open: it takes little of what it measures.
"""

from __future__ import annotations

import heapq
import selectors
import socket
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

CONNECTIONS = 64
AGAIN_AFTER = 0.2  # seconds
GIVE_UP_AFTER = 120.0  # seconds
END = b"\r\n\r\n"


@dataclass
class Sent:
    acknowledged: dict[str, float] = field(default_factory=dict)  # id → milliseconds since it was due
    tries: int = 0
    refused: Counter[int] = field(default_factory=Counter)  # by status; 0: no answer
    seconds: float = 0.0
    processor: float = 0.0  # seconds that sending took


def send(port: int, requests: Mapping[str, bytes], rate: float) -> Sent:
    """So many a second, until all are acknowledged. They are by their ids, each as it goes over the wire. Raises
    TimeoutError where one is not acknowledged in time."""
    return _Sender(port, requests, rate).send()


class _Connection:
    """One request at a time."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.id: str | None = None  # of what is asked; None: it is free
        self.due = 0.0
        self._answer = b""

    def ask(self, id_: str, due: float, request: bytes) -> None:
        self.id, self.due, self._answer = id_, due, b""
        with suppress(OSError):  # whoever reads the answer finds none
            self.socket.sendall(request)

    def status(self) -> int | None:
        """The answer's; 0: there will be none; None: not yet."""
        try:
            more = self.socket.recv(65_536)
        except OSError:
            return 0
        self._answer += more
        head, found, body = self._answer.partition(END)
        if found and len(body) >= _length(head):
            return int(head[9:12])
        return None if more else 0


class _Sender:
    def __init__(self, port: int, requests: Mapping[str, bytes], rate: float) -> None:
        self._port = port
        self._requests = requests
        self._selector = selectors.DefaultSelector()
        self._free: list[_Connection] = []
        self._busy = 0
        self._began = time.perf_counter()
        due = (self._began + number / rate for number in range(len(requests)))
        self._waiting = [(at, at, id_) for at, id_ in zip(due, requests, strict=True)]  # a heap: next try, due, id
        self._sent = Sent()

    def send(self) -> Sent:
        before = time.process_time()
        while len(self._sent.acknowledged) < len(self._requests):
            while self._busy < CONNECTIONS and self._waiting and self._waiting[0][0] <= time.perf_counter():
                _, due, id_ = heapq.heappop(self._waiting)
                self._ask(id_, due)
            for key, _ in self._selector.select(self._pause()):
                self._hear(key.data)
        self._sent.seconds = time.perf_counter() - self._began
        self._sent.processor = time.process_time() - before
        return self._sent

    def _pause(self) -> float:
        if self._waiting and self._busy < CONNECTIONS:
            return max(0.0, self._waiting[0][0] - time.perf_counter())
        return 1.0

    def _ask(self, id_: str, due: float) -> None:
        self._sent.tries += 1
        try:
            connection = self._free.pop() if self._free else self._open()
        except OSError:
            self._again(id_, due, 0)
            return
        connection.ask(id_, due, self._requests[id_])
        self._busy += 1

    def _open(self) -> _Connection:
        connection = _Connection(self._port)
        self._selector.register(connection.socket, selectors.EVENT_READ, connection)
        return connection

    def _hear(self, connection: _Connection) -> None:
        status = connection.status()
        if status is None:
            return
        if connection.id is None:  # nothing was asked: it is closed from there
            self._free.remove(connection)
        else:
            self._busy -= 1
            if status // 100 == 2:
                self._sent.acknowledged[connection.id] = (time.perf_counter() - connection.due) * 1000
            else:
                self._again(connection.id, connection.due, status)
        connection.id = None
        if status:
            self._free.append(connection)
        else:
            self._selector.unregister(connection.socket)
            connection.socket.close()

    def _again(self, id_: str, due: float, status: int) -> None:
        self._sent.refused[status] += 1
        now = time.perf_counter()
        if now - due > GIVE_UP_AFTER:
            raise TimeoutError(f"{id_} was not acknowledged within {GIVE_UP_AFTER:g} s: {self._sent.refused}")
        heapq.heappush(self._waiting, (now + AGAIN_AFTER, due, id_))


def _length(head: bytes) -> int:
    return int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
