"""What is happening, for every open page: one stream from the sidecar, passed on to all.

A browser that reconnects names the last moment that it saw, and gets what came after it; where that is no longer kept,
it is told to read its page again.
"""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections import deque
from collections.abc import AsyncIterator
from contextlib import suppress
from itertools import takewhile
from typing import NamedTuple

from sidecar.client import Client, NotRunning, Refused, Settings, views

KEPT = 2_000  # moments
AGAIN_AFTER = 1.0  # seconds until a sidecar that is away is asked again
SOON = 0.1  # seconds until what has happened is told, with what happens meanwhile
BEAT = 15.0  # seconds; proxies and browsers drop a connection that says nothing
NAMES = ("run", "skill", "id", "state", "text", "name", "summary")  # of a moment's data: what a page makes use of


class _Told(NamedTuple):
    id: int
    text: str


class Live:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._kept: deque[_Told] = deque(maxlen=KEPT)  # touched within the loop alone
        self._listeners: set[asyncio.Event] = set()
        self._telling: asyncio.TimerHandle | None = None
        self._closed = threading.Event()

    def open(self) -> None:
        """From within the event loop that serves the pages."""
        threading.Thread(target=self._listen, args=(asyncio.get_running_loop(),), name="live", daemon=True).start()

    def close(self) -> None:
        self._closed.set()
        self._tell()

    async def stream(self, last: int | None) -> AsyncIterator[str]:
        news = asyncio.Event()
        self._listeners.add(news)
        try:
            yield "retry: 1000\n\n"
            if last is not None and not self._has(last):
                yield _event("again", {}, max(self.newest, last + 1))  # newer than the page in any case
            last = self.newest if last is None or not self._has(last) else last
            while not self._closed.is_set():
                news.clear()
                if told := self._since(last):
                    last = told[-1].id
                    yield "".join(moment.text for moment in told)
                with suppress(TimeoutError):
                    await asyncio.wait_for(news.wait(), BEAT)
                if not news.is_set():
                    yield ": still here\n\n"
        finally:
            self._listeners.discard(news)

    @property
    def newest(self) -> int:
        """The last moment that is known of; a page that is gathered after it names it, and misses nothing since."""
        return self._kept[-1].id if self._kept else 0

    def _has(self, last: int) -> bool:
        """Whether everything after this moment is kept."""
        return any(told.id == last for told in self._kept)

    def _since(self, last: int) -> list[_Told]:
        return list(takewhile(lambda told: told.id > last, reversed(self._kept)))[::-1]

    def _listen(self, loop: asyncio.AbstractEventLoop) -> None:
        """On a thread of its own, for as long as the pages are served."""
        since = 0  # all that the sidecar keeps: whoever was open before this process knows one of these
        with Client(self._settings) as client:
            while not self._closed.is_set():
                try:
                    for moment in client.moments(since=since):
                        since = moment.id
                        told = _Told(moment.id, _event("moment", _brief(moment), moment.id))
                        if not loop.is_closed():
                            loop.call_soon_threadsafe(self._hear, told)
                except (NotRunning, Refused, OSError) as error:
                    logging.getLogger(__name__).info("%s", error)
                self._closed.wait(AGAIN_AFTER)

    def _hear(self, told: _Told) -> None:
        self._kept.append(told)
        if self._telling is None:
            self._telling = asyncio.get_running_loop().call_later(SOON, self._tell)

    def _tell(self) -> None:
        self._telling = None
        for news in self._listeners:
            news.set()


def moment_of(header: str) -> int | None:
    """None: it names no moment."""
    return int(header) if header.isdecimal() and len(header) < 20 else None


def _brief(moment: views.Moment) -> dict[str, object]:
    """Which page it concerns, and of the agent what it says and does; all else a page reads by itself."""
    return {"topic": moment.topic} | {name: moment.data[name] for name in NAMES if name in moment.data}


def _event(name: str, data: dict[str, object], id_: int) -> str:
    return f"id: {id_}\nevent: {name}\ndata: {json.dumps(data)}\n\n"
