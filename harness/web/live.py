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

from sidecar.client import Client, NotRunning, Settings, views

KEPT = 2_000  # moments
AGAIN_AFTER = 1.0  # seconds until a sidecar that is away is asked again
BEAT = 15.0  # seconds; proxies and browsers drop a connection that says nothing
NAMES = ("run", "skill", "id", "state", "text", "name", "summary")  # of a moment's data: what a page makes use of


class Live:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._kept: deque[views.Moment] = deque(maxlen=KEPT)
        self._listeners: set[asyncio.Event] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = threading.Event()

    def open(self) -> None:
        """From within the event loop that serves the pages."""
        self._loop = asyncio.get_running_loop()
        threading.Thread(target=self._listen, name="live", daemon=True).start()

    def close(self) -> None:
        self._closed.set()
        self._wake()

    async def stream(self, last: int | None) -> AsyncIterator[str]:
        news = asyncio.Event()
        self._listeners.add(news)
        try:
            yield "retry: 1000\n\n"
            if last is not None and not self._has(last):
                yield _event("again", {}, last)
            last = self.newest if last is None or not self._has(last) else last
            while not self._closed.is_set():
                news.clear()
                for moment in [item for item in self._kept if item.id > last]:
                    last = moment.id
                    yield _event("moment", _brief(moment), moment.id)
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
        return any(item.id == last for item in self._kept)

    def _listen(self) -> None:
        """On a thread of its own, for as long as the pages are served."""
        since: int | None = None
        with Client(self._settings) as client:
            while not self._closed.is_set():
                try:
                    for moment in client.moments(since=since):
                        since = moment.id
                        self._kept.append(moment)
                        self._wake()
                except NotRunning as error:
                    logging.getLogger(__name__).info("%s", error)
                self._closed.wait(AGAIN_AFTER)

    def _wake(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._set_all)

    def _set_all(self) -> None:
        for news in self._listeners:
            news.set()


def _brief(moment: views.Moment) -> dict[str, object]:
    """Which page it concerns, and of the agent what it says and does; all else a page reads by itself."""
    return {"topic": moment.topic} | {name: moment.data[name] for name in NAMES if name in moment.data}


def _event(name: str, data: dict[str, object], id_: int) -> str:
    return f"id: {id_}\nevent: {name}\ndata: {json.dumps(data)}\n\n"
