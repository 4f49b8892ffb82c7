"""An open page, as its tend.js keeps it: it hears what happens, and reads itself again where that concerns it."""

from __future__ import annotations

import json
import re
import threading
import time
from typing import Any

import httpx2

from tests.support.web_process import WebProcess

PAUSE = 0.5  # seconds from one reading to the next


class Looker:
    """From `open` until the process that serves the pages ends."""

    def __init__(self, web: WebProcess, address: str) -> None:
        self._browser = web.browser()
        self._address = address
        self._about = ""
        self._stale_since = 0.0  # 0: it is not
        self._news = threading.Event()
        self.read_after: list[float] = []  # milliseconds from what it heard until it was read again

    def open(self) -> None:
        self._about, since = self._read()
        headers = {"accept": "text/event-stream"}
        stream = self._browser.build_request("GET", "/live", params={"since": since}, headers=headers, timeout=None)
        answer = self._browser.send(stream, stream=True)
        answer_is(answer, 200)
        threading.Thread(target=self._listen, args=(answer,), daemon=True).start()
        threading.Thread(target=self._keep_fresh, daemon=True).start()

    def _listen(self, answer: httpx2.Response) -> None:
        event = ""
        try:
            for line in answer.iter_lines():
                name, _, value = line.partition(": ")
                if name == "event":
                    event = value
                elif name == "data" and (event == "again" or self._is_concerned(json.loads(value))):
                    self._stale_since = self._stale_since or time.perf_counter()
                    self._news.set()
        except httpx2.TransportError:
            return

    def _is_concerned(self, moment: dict[str, Any]) -> bool:
        if self._about == "*":
            return bool(moment["topic"] != "text")
        name, _, value = self._about.partition("=")
        return moment.get(name) == value if value else moment["topic"] in self._about.split(" ")

    def _keep_fresh(self) -> None:
        try:
            while self._news.wait():
                self._news.clear()
                since, self._stale_since = self._stale_since, 0.0
                self._read()
                self.read_after.append((time.perf_counter() - since) * 1000)
                time.sleep(PAUSE)
        except httpx2.TransportError:
            return

    def _read(self) -> tuple[str, str]:
        """What it is about, and the last moment that was known of when it was gathered."""
        answer = self._browser.get(self._address)
        answer_is(answer, 200)
        found = re.search(r'data-about="([^"]*)" data-since="(\d+)"', answer.text)
        if found is None:
            raise AssertionError(f"{self._address} says nothing of what it is about")
        return found[1], found[2]


def answer_is(answer: httpx2.Response, status: int) -> None:
    if answer.status_code != status:
        raise AssertionError(f"{answer.request.url}: {answer.status_code}")
