"""Group commit on the way: while one request to the sidecar is under way the next events gather, and go together.

Each sender is answered after its event is on disk, and no sooner. At a low rate an event goes alone and waits for
nobody.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from starlette.concurrency import run_in_threadpool

from harness.web.doors.not_accepted import NotAccepted
from sidecar.client import Client, views

AT_ONCE = 200  # events to a transaction, so that others come in between
WAITING_AT_MOST = 5_000  # events
BYTES_AT_ONCE = 8 * 2**20
BYTES_AT_MOST = 64 * 2**20  # of what waits


class _Waiting(NamedTuple):
    event: views.Incoming
    size: int
    outcome: asyncio.Future[views.EventOutcome]


class Intake:
    """Belongs to the event loop that serves the pages."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._waiting: deque[_Waiting] = deque()
        self._bytes = 0
        self._sending: asyncio.Task[None] | None = None

    async def take(self, events: Sequence[views.Incoming], size: int) -> list[views.EventOutcome]:
        """`size` is about that of their payloads, in bytes. Raises what the client raises, and NotAccepted where so
        much waits already that no more is taken."""
        if len(self._waiting) + len(events) > WAITING_AT_MOST or self._bytes + size > BYTES_AT_MOST:
            raise NotAccepted("busy", "too much is coming in at the moment; send it again in a second", 503)
        outcomes = [self._put(event, size // max(1, len(events))) for event in events]
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send_waiting())
        return await asyncio.gather(*outcomes)

    def _put(self, event: views.Incoming, size: int) -> asyncio.Future[views.EventOutcome]:
        outcome: asyncio.Future[views.EventOutcome] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(event, size, outcome))
        self._bytes += size
        return outcome

    async def _send_waiting(self) -> None:
        while some := self._next():
            try:
                told = await run_in_threadpool(self._client.emit_many, [one.event for one in some])
            except Exception as error:  # noqa: BLE001 # raised again for each sender
                for one in some:
                    if not one.outcome.done():  # else its sender has hung up
                        one.outcome.set_exception(error)
            else:
                for one, outcome in zip(some, told, strict=True):
                    if not one.outcome.done():
                        one.outcome.set_result(outcome)

    def _next(self) -> list[_Waiting]:
        some: list[_Waiting] = []
        room = BYTES_AT_ONCE
        while self._waiting and len(some) < AT_ONCE and (not some or self._waiting[0].size <= room):
            one = self._waiting.popleft()
            some.append(one)
            room -= one.size
            self._bytes -= one.size
        return some
