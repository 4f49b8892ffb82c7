"""The process that serves the pages of a live sidecar, to talk to, to kill and to start again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from types import TracebackType
from typing import Self

import httpx2

from harness.web.access import Access
from tests.support.live_sidecar import LiveSidecar
from tests.support.waiting import wait_until


class WebProcess:
    """`python -m harness.web`, up inside the context, on a port that stays the same over its lives."""

    def __init__(self, sidecar: LiveSidecar) -> None:
        self._sidecar = sidecar
        self._process: subprocess.Popen[bytes] | None = None
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            self.port: int = listening.getsockname()[1]
        self.log = sidecar.folder / "web.log"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = [sys.executable, "-P", "-m", "harness.web", "--workspace", str(self._sidecar.workspace)]
        environment = self._sidecar.environment | {"TEND_WEB_PORT": str(self.port)}
        with self.log.open("ab") as log:
            self._process = process = subprocess.Popen(command, env=environment, stderr=log)
        wait_until(lambda: process.poll() is not None or self._answers(), "the pages are served")
        assert process.poll() is None, self.log.read_text()

    def kill(self) -> None:
        """SIGKILL, as a power cut would."""
        os.kill(self.pid, signal.SIGKILL)
        assert self._process is not None
        self._process.wait()

    def browser(self) -> httpx2.Client:
        """With a session, as one that has followed a link of `tend web`."""
        session = Access(self._sidecar.client.settings.store).new_session()
        return httpx2.Client(base_url=self.base, headers={"cookie": f"tend_{self.port}={session}"}, timeout=60)

    def _answers(self) -> bool:
        with socket.socket() as knock:
            return knock.connect_ex(("127.0.0.1", self.port)) == 0
