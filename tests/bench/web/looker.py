"""An open page, as its tend.js keeps it: it hears what happens, and reads itself again where that concerns it."""

from __future__ import annotations

import json
import re
import threading
import time
from typing import Any

import httpx2

from tests.support.web_process import WebProcess


class Looker:
    """From `open` until the process that serves the pages ends."""

    def __init__(self, web: WebProcess, address: str) -> None:
        self._browser = web.browser()
        self._address = address
        self._about = ""
        self._since = 0  # the last moment that was known of when it was gathered
        self._heard = 0  # the last one that concerns it
        self._heard_at = 0.0
        self._news = threading.Event()
        self.read_after: list[float] = []  # milliseconds from what it heard until it was read again

    def open(self) -> None:
        self._read()
        stream = self._browser.build_request("GET", "/live", params={"since": self._since}, timeout=None)
        answer = self._browser.send(stream, stream=True)
        answer_is(answer, 200)
        threading.Thread(target=self._listen, args=(answer,), daemon=True).start()
        threading.Thread(target=self._keep_fresh, daemon=True).start()

    def _listen(self, answer: httpx2.Response) -> None:
        id_ = 0
        try:
            for line in answer.iter_lines():
                name, _, value = line.partition(": ")
                if name == "id":
                    id_ = int(value)
                elif name == "data" and self._is_concerned(json.loads(value)):
                    self._heard_at = self._heard_at or time.perf_counter()
                    self._heard = id_
                    self._news.set()
        except httpx2.TransportError:
            return

    def _is_concerned(self, moment: dict[str, Any]) -> bool:
        if not moment:  # it is told to read again
            return True
        if self._about == "*":
            return bool(moment["topic"] != "text")
        name, _, value = self._about.partition("=")
        return moment.get(name) == value if value else moment["topic"] in self._about.split(" ")

    def _keep_fresh(self) -> None:
        try:
            while self._news.wait():
                self._news.clear()
                since, self._heard_at = self._heard_at, 0.0
                if self._heard > self._since:
                    self._read({"x-heard": str(self._heard)})
                    self.read_after.append((time.perf_counter() - since) * 1000)
        except httpx2.TransportError:
            return

    def _read(self, headers: dict[str, str] | None = None) -> None:
        answer = self._browser.get(self._address, headers=headers)
        answer_is(answer, 200)
        found = re.search(r'data-about="([^"]*)" data-since="(\d+)"', answer.text)
        if found is None:
            raise AssertionError(f"{self._address} says nothing of what it is about")
        self._about, self._since = found[1], int(found[2])


def answer_is(answer: httpx2.Response, status: int) -> None:
    if answer.status_code != status:
        raise AssertionError(f"{answer.request.url}: {answer.status_code}")
