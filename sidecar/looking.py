"""A thread that looks whether there is something to do: when it is told so, when something is due, now and then.

The one way in which a part of the sidecar does something by itself. What a look finds is in the store, and so is when
the next thing is due: whoever died in between has lost nothing.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from sidecar.clock import Clock

LOOK_AT_LEAST_EVERY = 1.0  # seconds: a clock that jumped is noticed by then

log = logging.getLogger(__name__)


class Looking:
    """A part of the sidecar: calls `look` between `start` and `stop`, on a thread of its own. `look` returns when there
    will be something to do by itself, or None; it is called at least every so many seconds, for the first time at
    once."""

    def __init__(
        self,
        clock: Clock,
        look: Callable[[], float | None],
        name: str,
        *,
        every: float = LOOK_AT_LEAST_EVERY,
        at_once: bool = True,
    ) -> None:
        self._clock = clock
        self._look = look
        self._every = every
        self._changed = threading.Condition()
        self._news = at_once
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self.stopping = threading.Event()  # for a look that takes long

    def start(self) -> None:
        self._thread.start()

    def nudge(self) -> None:
        with self._changed:
            self._news = True
            self._changed.notify()

    def stop(self) -> None:
        """Returns when nobody looks any more."""
        with self._changed:
            self.stopping.set()
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join()

    def _serve(self) -> None:
        self._rest(None)
        while not self.stopping.is_set():
            with self._changed:
                self._news = False
            try:
                due = self._look()
            except Exception:
                log.exception("the look for what is due (%s) failed; it is done again", self._thread.name)
                due = None
            self._rest(due)

    def _rest(self, due: float | None) -> None:
        """Until something changes, or is due; what is ready and has no room waits for a change."""
        now = self._clock.now()
        until = self._every
        if due is not None and due > now:
            until = min(until, due - now)
        with self._changed:
            self._changed.wait_for(lambda: self._news or self.stopping.is_set(), until)


class Seldom:
    """Does `act` when it is called, but once a second at most: for what nobody tells us of, before each look."""

    def __init__(self, act: Callable[[], None]) -> None:
        self._act = act
        self._next = 0.0  # monotonic

    def __call__(self) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + LOOK_AT_LEAST_EVERY
            self._act()
