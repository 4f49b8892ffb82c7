"""The process that serves the pages, kept running beside the sidecar. Its end ends nothing else."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable

from harness.web.access import new_link
from sidecar.client import Settings

LOG = "web.log"  # in the store's folder
GRACE = 5.0  # seconds that it has to end by itself
FIRST_DELAY, LONGEST_DELAY = 0.5, 60.0  # seconds before it is started again; doubled each time
STEADY = 60.0  # seconds after which a crash counts as the first again


class WebPages:
    """`say` gets a line for a person."""

    def __init__(self, settings: Settings, *, say: Callable[[str], None]) -> None:
        self._settings = settings
        self._say = say
        self._log = settings.store / LOG
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep_running, name="web pages", daemon=True)

    @property
    def link(self) -> str:
        """A new one, that opens them once."""
        return new_link(self._settings)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _keep_running(self) -> None:
        delay = FIRST_DELAY
        while not self._stopping.is_set():
            began = time.monotonic()
            code = self._one_life()
            if self._stopping.is_set():
                return
            delay = FIRST_DELAY if time.monotonic() - began > STEADY else delay
            if delay == FIRST_DELAY:
                self._say(f"✗ The pages have ended ({self._last_words() or code}); starting them again.")
            self._stopping.wait(delay)
            delay = min(delay * 2, LONGEST_DELAY)

    def _last_words(self) -> str:
        """The last line of their log; that of an address in use says so."""
        lines = self._log.read_text(errors="replace").splitlines()
        return lines[-1] if lines else ""

    def _one_life(self) -> int:
        with self._log.open("wb") as log:
            child = subprocess.Popen(
                [sys.executable, "-P", "-m", "harness.web", "--workspace", str(self._settings.workspace)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,  # Ctrl-C is not for it: it is told to end
            )
        while child.poll() is None and not self._stopping.wait(0.2):
            pass
        if child.poll() is None:
            child.terminate()
        try:
            return child.wait(GRACE)
        except subprocess.TimeoutExpired:
            child.kill()
            return child.wait()
