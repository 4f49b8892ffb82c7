"""A page that many have open is gathered once for all of them, after what they have heard of."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import httpx2
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from harness.web import shared
from harness.web.shared import HEADER, Shared

from .conftest import Web


class Pages:
    """Counts how often it is gathered; `newest` is the last moment that it knows of."""

    def __init__(self) -> None:
        self.newest = 1
        self.gathered: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        self.gathered.append(f"{request.url.path}?{request.url.query}")
        answer = Response(f"{len(self.gathered)}: {self.gathered[-1]}", 404 if "nothing" in scope["path"] else 200)
        await answer(scope, receive, send)


Get = Callable[..., Awaitable[httpx2.Response]]


def played(story: Callable[[Pages, Get], Awaitable[None]], pages: Pages | None = None) -> None:
    pages = pages or Pages()

    async def play() -> None:
        transport = httpx2.ASGITransport(Shared(pages, newest=lambda: pages.newest))
        async with httpx2.AsyncClient(transport=transport, base_url="http://pages") as browser:

            async def get(address: str, heard: int | None = None) -> httpx2.Response:
                return await browser.get(address, headers={} if heard is None else {HEADER: str(heard)})

            await story(pages, get)

    asyncio.run(play())


def test_who_hears_of_the_same_gets_the_same_gathered_once() -> None:
    async def story(pages: Pages, get: Get) -> None:
        answers = await asyncio.gather(*(get("/nothing?a=1", 1) for _ in range(20)))
        assert {(answer.status_code, answer.text) for answer in answers} == {(404, "1: /nothing?a=1")}
        assert (await get("/nothing?a=1", 1)).text == "1: /nothing?a=1"  # that was gathered after it, too
        assert len(pages.gathered) == 1

    played(story)


def test_pages_are_gathered_one_after_the_other_with_a_rest_between(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "LEEWAY", 0.1)
    times: list[float] = []

    class Slow(Pages):
        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            times.append(time.monotonic())
            await asyncio.sleep(0.01)  # for which a longer rest than LEEWAY is due
            await super().__call__(scope, receive, send)
            times.append(time.monotonic())

    async def story(_: Pages, get: Get) -> None:
        await asyncio.gather(*(get(f"/{number}", 1) for number in range(10)))
        assert times == sorted(times)
        assert times[-1] - times[0] >= 8 * 0.1  # seconds; the first rest may be saved

    played(story, Slow())


def test_another_query_is_another_page() -> None:
    async def story(pages: Pages, get: Get) -> None:
        await asyncio.gather(*(get(address, 1) for address in ("/runs", "/runs?state=failed", "/runs/", "/runs?")))
        assert sorted(pages.gathered) == ["/runs/?", "/runs?", "/runs?state=failed"]

    played(story)


def test_what_was_gathered_before_a_moment_is_not_given_after_it() -> None:
    async def story(pages: Pages, get: Get) -> None:
        assert (await get("/", 1)).text == "1: /?"
        pages.newest = 2
        assert (await get("/", 2)).text == "2: /?"
        assert (await get("/", 1)).text == "2: /?"  # newer than was asked for
        assert (await get("/", 3)).text == "3: /?"  # of a moment that this process has not heard of

    played(story)


def test_who_hears_of_more_while_a_page_is_gathered_waits_for_the_next() -> None:
    async def story(pages: Pages, get: Get) -> None:
        goes_on = asyncio.Event()

        async def slow(scope: Scope, receive: Receive, send: Send) -> None:
            pages.newest = 2  # happens while it is gathered
            goes_on.set()
            await asyncio.sleep(0)
            await pages(scope, receive, send)

        shared = Shared(slow, newest=lambda: pages.newest)
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(shared), base_url="http://pages") as browser:
            first = asyncio.create_task(browser.get("/", headers={HEADER: "1"}))
            await goes_on.wait()
            second = await browser.get("/", headers={HEADER: "2"})
        assert ((await first).text, second.text) == ("1: /?", "2: /?")

    played(story)


def test_who_opens_a_page_has_it_gathered_afresh() -> None:
    async def story(pages: Pages, get: Get) -> None:
        await asyncio.gather(get("/", 1), get("/"), get("/"))
        assert len(pages.gathered) == 3

    played(story)


def test_what_programs_ask_for_is_theirs_alone() -> None:
    async def story(pages: Pages, get: Get) -> None:
        await asyncio.gather(get("/api/home", 1), get("/api/home", 1), get("/live", 1))
        assert len(pages.gathered) == 3

    played(story)


def test_who_leaves_takes_the_page_from_nobody() -> None:
    async def story(pages: Pages, get: Get) -> None:
        leaves = asyncio.ensure_future(get("/", 1))
        stays = asyncio.ensure_future(get("/", 1))
        await asyncio.sleep(0)
        leaves.cancel()
        assert (await stays).text == "1: /?"
        assert len(pages.gathered) == 1

    played(story)


def test_an_open_page_shows_what_it_has_heard_of(web: Web) -> None:
    sidecar = web.sidecar.client
    with web.browser() as browser, browser.stream("GET", "/live") as live:
        lines = live.iter_lines()
        next(lines)  # it listens
        for change, offered in ((sidecar.pause, "resume"), (sidecar.resume, "pause")):
            change("greeter")
            heard = next(line.removeprefix("id: ") for line in lines if line.startswith("id: "))
            assert f"/api/skills/greeter/{offered}" in browser.get("/skills/greeter", headers={HEADER: heard}).text


def test_a_shared_page_is_for_those_who_may_see_it(web: Web) -> None:
    with web.browser() as browser, web.stranger() as stranger:
        assert browser.get("/skills", headers={HEADER: "1"}).status_code == 200
        assert stranger.get("/skills", headers={HEADER: "1"}).status_code == 401
