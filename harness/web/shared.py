"""A page that many have open is gathered once for all of them: what happens concerns them at the same time.

    moment ─► each open page of an address: GET, with that moment ─► gathered once, after it ─► the answer to all

An open page names the last moment that it heard of, and is given any answer whose gathering began when that was known.
One that is still to come will do for everybody. Whoever opens a page, or changes something on it, names none, and has
it gathered afresh. Nothing but the address counts: a page is the same for all who may see it.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from harness.web.live import moment_of
from harness.web.problems import FOR_PROGRAMS

HEADER = "x-heard"
AFTER = 0.15  # seconds until a page is gathered: what happens is told in several moments
PAUSE = 0.7  # seconds between two gatherings of a page; its answer is forgotten after them
REST = 20  # times as long as a gathering took, none is begun: all of them take a twentieth of a core
LEEWAY = 5.0  # seconds of rest that count as had where nothing was gathered for long, and that one page costs at most


class Shared:
    def __init__(self, app: ASGIApp, *, newest: Callable[[], int]) -> None:
        """`newest` tells the last moment that is known of."""
        self._app = app
        self._newest = newest
        self._answers: dict[tuple[str, bytes], _Answer] = {}
        self._turn = asyncio.Lock()
        self._rested_at = 0.0  # monotonic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        heard = moment_of(Headers(scope=scope).get(HEADER, "")) if _may_be_shared(scope) else None
        if heard is None:
            await self._app(scope, receive, send)
            return
        for message in await self._answer(scope, receive, heard):
            await send(dict(message))

    async def _answer(self, scope: Scope, receive: Receive, heard: int) -> list[Message]:
        address = scope["path"], scope["query_string"]
        answer = last = self._answers.get(address)
        if answer is None or answer.since < heard:
            answer = self._answers[address] = _Answer()
            answer.messages = asyncio.create_task(self._gather(answer, last, scope, receive))
            answer.messages.add_done_callback(lambda _: self._forget_later(address, answer))
        return await asyncio.shield(answer.messages)  # whoever leaves leaves it to the others

    async def _gather(self, answer: _Answer, last: _Answer | None, scope: Scope, receive: Receive) -> list[Message]:
        await asyncio.sleep(AFTER)
        if last is not None:
            await last.over.wait()
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        async with self._turn:  # one after the other, so that each one's time is its own
            await asyncio.sleep(self._rested_at - time.monotonic())
            answer.since, began = self._newest(), time.monotonic()
            await self._app(scope, receive, keep)
            now = time.monotonic()
            self._rested_at = min(max(self._rested_at, now - LEEWAY) + REST * (now - began), now + LEEWAY)
        return messages

    def _forget_later(self, address: tuple[str, bytes], answer: _Answer) -> None:
        def forget() -> None:
            answer.over.set()
            if self._answers.get(address) is answer:
                del self._answers[address]

        asyncio.get_running_loop().call_later(PAUSE, forget)


class _Answer:
    def __init__(self) -> None:
        self.since = math.inf  # what was known of when its gathering began; until then it will be newer than anything
        self.over = asyncio.Event()  # the pause after it is
        self.messages: asyncio.Task[list[Message]]


def _may_be_shared(scope: Scope) -> bool:
    return scope["type"] == "http" and scope["method"] == "GET" and not scope["path"].startswith(FOR_PROGRAMS)
