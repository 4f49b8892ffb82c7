"""Keeps a zygote ready for the fast check.

    starting ─► proving ─► ready ─► proving, now and then and after each failure ─► ready ─► …
       ▲                                      │
       └─────────────── pause ◄───────────────┘ dead, or wrong

It answers only while it is ready. In every other state, and whenever a child gives no answer, whoever asked turns to
the throwaway processes: slower, and always there.
"""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from sidecar.checker.forks import Forks, NoAnswer
from sidecar.checker.library_cache import LibraryCache
from sidecar.checker.mypy_call import CACHE, configuration

_LOOK_EVERY = 1.0  # seconds: whether the zygote is alive
_END_WITHIN = 10.0

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Patience:
    """When a zygote is proved again, and when another is started after one died. The pause doubles from the first to
    the longest, and is the first again after a zygote that lived longer than that."""

    answers: int = 200
    interval: timedelta = timedelta(minutes=10)
    first_pause: timedelta = timedelta(seconds=1)
    longest_pause: timedelta = timedelta(minutes=5)


class Warm:
    """`start` returns at once, and `ask` answers once the zygote is ready. `prove` is given each zygote before that,
    and again now and then; it raises what it finds wrong."""

    def __init__(
        self, folder: Path, library: LibraryCache, prove: Callable[[Forks], None], patience: Patience | None = None
    ) -> None:
        self._folder = folder
        self._library = library
        self._prove = prove
        self._patience = patience or Patience()
        self._zygote: Forks | None = None
        self._ready = threading.Event()
        self._doubted = threading.Event()
        self._closing = threading.Event()
        self._answers = 0  # since it was proved; several threads count, and need not be exact
        self.unanswered = 0  # how often a ready zygote gave no answer
        self._keeper = threading.Thread(target=self._keep, name="warm", daemon=True)

    def start(self) -> None:
        for left in self._folder.glob("zygote-*"):
            shutil.rmtree(left)  # by a sidecar that was killed
        self._keeper.start()

    def close(self) -> None:
        self._closing.set()
        self._doubted.set()
        if zygote := self._zygote:
            zygote.kill()
        if self._keeper.is_alive():
            self._keeper.join(_END_WITHIN)

    @property
    def pid(self) -> int | None:
        """The zygote's, while it is ready."""
        zygote = self._zygote
        return zygote.pid if zygote and self._ready.is_set() else None

    def wait_until_ready(self, timeout: float) -> bool:
        return self._ready.wait(timeout)

    def ask(self, kind: str, text: str) -> str:
        """What a child of its own answers. Raises NoAnswer; the zygote is then proved again."""
        zygote = self._zygote
        if zygote is None or not self._ready.is_set():
            raise NoAnswer("no zygote is ready")
        try:
            answer = zygote.ask(kind, text)
        except NoAnswer as why:
            log.warning("no answer from the warm check (%s); a throwaway process gives the verdict", why)
            self.unanswered += 1
            self._doubted.set()
            raise
        self._answers += 1
        if self._answers >= self._patience.answers:
            self._doubted.set()
        return answer

    def _keep(self) -> None:
        pause = self._patience.first_pause.total_seconds()
        longest = self._patience.longest_pause.total_seconds()
        while not self._closing.is_set():
            started = time.monotonic()
            try:
                self._one_life()
            except Exception as error:  # noqa: BLE001 - whatever happened to one zygote, there will be another
                if self._closing.is_set():
                    return
                if time.monotonic() - started > longest:
                    pause = self._patience.first_pause.total_seconds()
                why = f"{type(error).__name__}: {error}"
                log.warning("the warm check is off for %g s, and checks take longer: %s", pause, why)
            self._closing.wait(pause)
            pause = min(2 * pause, longest)

    def _one_life(self) -> None:
        """A zygote from its start until it is dead, doubtful or no longer needed."""
        with TemporaryDirectory(prefix="zygote-", dir=self._folder) as scratch:
            folder = Path(scratch)
            self._library.copy_to(folder / CACHE)
            configuration(folder)
            zygote = self._zygote = Forks(folder)
            try:
                zygote.wait_until_ready()
                self._prove(zygote)
                self._ready.set()
                self._watch(zygote)
            finally:
                self._ready.clear()
                self._zygote = None
                zygote.close()

    def _watch(self, zygote: Forks) -> None:
        while True:
            due = time.monotonic() + self._patience.interval.total_seconds()
            self._answers = 0
            while not self._doubted.wait(_LOOK_EVERY) and time.monotonic() < due:
                if not zygote.alive:
                    raise NoAnswer("the zygote died")
            if self._closing.is_set():
                return
            self._doubted.clear()
            self._prove(zygote)
