"""Where the story plays: a workspace of its own, the shop, the scripted model, and the real sidecar as a process."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self, TypeVar

from harness.demo.scripted_model import ScriptedModel
from harness.demo.shop import Shop
from harness.demo.turns import Script
from sidecar.client import Client, NotRunning, load_settings, views

T = TypeVar("T")

WITHIN = 60.0  # seconds for one thing to happen, on a machine that has other things to do too
LOOK = 0.05  # seconds between two looks
GRACE = 15.0  # seconds that the sidecar has to end by itself
TAIL = 15  # lines of its log that are shown where it did not start


class NotAsTold(Exception):
    """The story can't go on: something did not happen, or not as it was to."""


class Stage:
    """Everything is running while the context is open, and nothing of it is left afterwards, save a kept workspace."""

    def __init__(self, shop: Shop, script: Script) -> None:
        self.workspace = Path(tempfile.mkdtemp(prefix="tend-demo-"))
        self.shop = shop
        self.model = ScriptedModel(script)
        self.client = Client(load_settings(workspace=self.workspace, environment={}))
        self.keep = False
        self._sidecar: subprocess.Popen[bytes] | None = None
        self._open = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as opening:
            for ending in (signal.SIGTERM, signal.SIGHUP):  # as Ctrl-C does, they end the sidecar too
                opening.callback(signal.signal, ending, signal.signal(ending, _end))
            opening.callback(self._leave)
            opening.enter_context(self.shop)
            opening.enter_context(self.model)
            opening.enter_context(self.client)
            opening.callback(self._stop_sidecar)
            self._open = opening.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    # ------------------------------------------------------------ the sidecar's process

    def start_sidecar(self) -> views.Status:
        """Returns when it answers."""
        store = self.workspace / ".tend"
        store.mkdir(mode=0o700, exist_ok=True)
        log = store / "sidecar.log"
        with log.open("ab") as end:
            self._sidecar = subprocess.Popen(
                [sys.executable, "-P", "-m", "sidecar", "--workspace", str(self.workspace)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=end,
                env=self._environment(),
                start_new_session=True,  # Ctrl-C is for us, who then stop it
            )
        return wait_for(lambda: self._answer(log), "the sidecar's first answer")

    def kill_sidecar(self) -> int:
        """SIGKILL, as a power cut would; returns its process id."""
        assert self._sidecar is not None  # noqa: S101 # started
        self._sidecar.kill()
        self._sidecar.wait()
        return self._sidecar.pid

    def _answer(self, log: Path) -> views.Status | None:
        assert self._sidecar is not None  # noqa: S101 # just started
        if self._sidecar.poll() is not None:
            said = "\n".join(log.read_text(errors="replace").splitlines()[-TAIL:])
            raise NotAsTold(f"the sidecar ended with exit code {self._sidecar.returncode}. Its log ends:\n{said}")
        try:
            return self.client.status()
        except NotRunning:
            return None

    def _environment(self) -> dict[str, str]:
        """The person's, without their own Tend, their key, and the proxy that they may have."""
        ours = ("TEND_", "ANTHROPIC_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        return kept | {"TEND_BASE_URL": self.model.base_url, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}

    def _stop_sidecar(self) -> None:
        if self._sidecar is None or self._sidecar.poll() is not None:
            return
        self._sidecar.terminate()
        try:
            self._sidecar.wait(GRACE)
        except subprocess.TimeoutExpired:
            self._sidecar.kill()
            self._sidecar.wait()

    def _leave(self) -> None:
        if not self.keep:
            shutil.rmtree(self.workspace, ignore_errors=True)


def _end(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def wait_for(look: Callable[[], T | None], what: str) -> T:
    """What `look` finds, as soon as it finds something. Raises NotAsTold."""
    deadline = time.monotonic() + WITHIN
    while True:
        found = look()
        if found is not None:
            return found
        if time.monotonic() > deadline:
            raise NotAsTold(f"{what} was expected within {WITHIN:g} s and did not come.")
        time.sleep(LOOK)
