"""What fifty open pages cost that hear what happens: of a core, in the pages' process and in the sidecar."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

import httpx2

from tests.bench.engine.figure import Figure, Goal
from tests.bench.engine.process import processor_seconds
from tests.bench.engine.stage import Stage, tell
from tests.bench.web.pages import SKILL
from tests.support.live_sidecar import LiveSidecar
from tests.support.waiting import wait_until
from tests.support.web_process import WebProcess

CLIENTS = 50
A_SECOND = 5  # things that happen, while much does
GOAL = Goal("at most", 10)  # percent of a core


def measure(stage: Stage) -> list[Figure]:
    seconds = stage.size(20, 2)
    with stage.sidecar() as sidecar, WebProcess(sidecar) as web:
        sidecar.put("skill_7", SKILL)
        acts: dict[str, Callable[[float], None]] = {
            "nothing happens": time.sleep,
            f"{A_SECOND} things a second": partial(_happen, sidecar),
        }
        tell("live: nobody listens")
        alone = {when: _used(sidecar, web, seconds, act) for when, act in acts.items()}
        with _listening(web, CLIENTS) as heard:
            tell(f"live: {CLIENTS} listen")
            listened = {when: _used(sidecar, web, seconds, act) for when, act in acts.items()}
            wait_until(lambda: min(heard()) >= seconds * A_SECOND, "each has heard of each thing")
    return [
        Figure(
            f"{CLIENTS} open pages, {when}: {part}",
            "% of a core",
            [used],
            [alone[when][part]],
            "nobody listens",
            GOAL if part == "both" else None,
        )
        for when, parts in listened.items()
        for part, used in parts.items()
    ]


def _used(sidecar: LiveSidecar, web: WebProcess, seconds: float, act: Callable[[float], None]) -> dict[str, float]:
    """By each of the two processes, and by both."""
    before = processor_seconds(web.pid), processor_seconds(sidecar.pid)
    act(seconds)
    pages, sidecars = processor_seconds(web.pid) - before[0], processor_seconds(sidecar.pid) - before[1]
    used = {"pages": pages, "sidecar": sidecars, "both": pages + sidecars}
    return {part: taken / seconds * 100 for part, taken in used.items()}


def _happen(sidecar: LiveSidecar, seconds: float) -> None:
    for number in range(int(seconds * A_SECOND)):
        (sidecar.client.resume if number % 2 else sidecar.client.pause)("skill_7")
        time.sleep(1 / A_SECOND)


@contextmanager
def _listening(web: WebProcess, count: int) -> Iterator[Callable[[], list[int]]]:
    """What each has heard of."""
    heard = [0] * count

    def follow(number: int, answer: httpx2.Response) -> None:
        try:
            for line in answer.iter_lines():
                heard[number] += line == "event: moment"
        except httpx2.TransportError:
            return

    with ExitStack() as opened:
        for number in range(count):
            browser = opened.enter_context(web.browser())
            browser.timeout = httpx2.Timeout(None)
            answer = opened.enter_context(browser.stream("GET", "/live"))
            if answer.status_code != 200:
                raise AssertionError(f"/live: {answer.status_code}")
            threading.Thread(target=follow, args=(number, answer), daemon=True).start()
        yield lambda: heard
        web.kill()  # ends the streams
        web.start()
