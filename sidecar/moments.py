"""What is happening, for those who watch: published after it is in the store, kept for a while, never the truth.

A watcher that fell behind or reconnects asks for what came after the last moment it saw; where that is no longer
kept, it reads the store instead, as it did when it began.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from pydantic import JsonValue

from sidecar.client.views import Moment
from sidecar.clock import moment

KEPT = 5_000


def _nobody(_topic: str, _data: dict[str, JsonValue]) -> None:
    """One host alone."""


class _Kept(NamedTuple):
    """Most moments nobody asks for: a view is made of those alone that are."""

    id: int
    at: float
    topic: str
    data: dict[str, JsonValue]

    def shown(self) -> Moment:
        return Moment(id=self.id, at=moment(self.at), topic=self.topic, data=self.data)


class Moments:
    def __init__(self) -> None:
        self._kept: deque[_Kept] = deque(maxlen=KEPT)
        self._news = threading.Condition()
        self._next = time.time_ns() // 1000  # higher than any id of a sidecar that ran before this one
        self.closed = False
        self.tell_others: Callable[[str, dict[str, JsonValue]], None] = _nobody

    def publish(self, topic: str, **data: JsonValue) -> None:
        self.hear(topic, data)
        self.tell_others(topic, data)

    def hear(self, topic: str, data: dict[str, JsonValue]) -> None:
        """Something happened on another host."""
        with self._news:
            self._next += 1
            self._kept.append(_Kept(self._next, time.time(), topic, data))
            self._news.notify_all()

    def newest(self) -> int:
        with self._news:
            return self._next

    def after(self, last: int, timeout: float) -> list[Moment]:
        """The moments after `last`, waiting up to `timeout` seconds for the first one."""
        with self._news:
            self._news.wait_for(lambda: self.closed or self._has_after(last), timeout)
            return [item.shown() for item in self._kept if item.id > last]

    def _has_after(self, last: int) -> bool:
        """Not by `_next`: whoever knows nothing, or a moment of an earlier sidecar, would never wait."""
        return bool(self._kept) and self._kept[-1].id > last

    def close(self) -> None:
        with self._news:
            self.closed = True
            self._news.notify_all()
