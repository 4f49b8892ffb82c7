"""A story that is struck once: at a named point a process is killed, and the story goes on.

What the world was asked, what the model was asked and what the store says must in the end be as if nothing had
happened, but for what the contract allows: a step that was not committed may have run once more, with the same key.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

import pytest

from sidecar.client import NotRunning, Refused, views
from sidecar.client.views import FINAL
from tests.support.live_sidecar import LiveSidecar
from tests.support.waiting import wait_until

T = TypeVar("T")

# httpx2 leaves a socket open whose connection was refused, and here a sidecar may die between two of them.
broken_connections = pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning"
)

WITHIN = 120.0  # seconds, restart included


class Struck:
    """`sidecar`, with a failpoint at `point`: the process that is the `times`-th to get there is killed. Where that is
    the sidecar, it is started again."""

    def __init__(self, sidecar: LiveSidecar, point: str, times: int = 1) -> None:
        self.sidecar = sidecar
        self._point = point
        sidecar.failpoints.strike(point, times)

    def say(self, act: Callable[[], T]) -> T | None:
        """Do something as a person does, who sees no more than a broken connection where the sidecar dies of it."""
        try:
            return act()
        except NotRunning:
            self._start_again()
            return None

    def until(self, look: Callable[[], T | None], description: str) -> T:
        """Look until there is something, over the kill."""

        def looked() -> T | None:
            if not self.sidecar.alive:
                self._start_again()
            try:
                return look()
            except NotRunning:
                return None

        return wait_until(looked, f"{description} (struck at {self._point})", within=WITHIN)

    def answer(self, approval: str, text: str) -> None:
        """Answer it, and again where that was lost."""

        def answered() -> bool:
            with suppress(Refused):  # it had been stored, and the connection broke
                self.sidecar.client.answer(approval, text)
            return True

        self.until(answered, f"{approval} is answered")

    def ended(self, run: str) -> views.RunDetail:
        """Follow the run to its end, and hold it against what is promised of each."""
        self.until(lambda: self.sidecar.state(run) in FINAL, f"run {run} ends")
        self.until(lambda: self.sidecar.failpoints.struck, "the point is reached")
        self.until(self.sidecar.answers, "the sidecar is there")
        detail = self.sidecar.client.run(run)
        assert_one_outcome(detail)
        return detail

    def _start_again(self) -> None:
        assert self.sidecar.exit_status() == -signal.SIGKILL
        assert self.sidecar.failpoints.struck, "it was killed, and not by the failpoint"
        self.sidecar.start()


def assert_one_outcome(detail: views.RunDetail) -> None:
    """Each step has one good try, and one that was lost at most; no attempt of the run is left open."""
    assert detail.run.state == "succeeded", detail.run.error
    assert all(attempt.outcome != "running" for attempt in detail.attempts), detail.attempts
    for step in detail.steps:
        outcomes = [attempt.outcome for attempt in step.attempts]
        assert step.state == "succeeded", step
        assert outcomes.count("lost") <= 1, step
        assert not outcomes or outcomes.count("succeeded") == 1, step


def lost_tries(detail: views.RunDetail) -> int:
    return sum(attempt.outcome == "lost" for step in detail.steps for attempt in step.attempts)


def new_run(struck: Struck, skill: str, known: set[str]) -> views.Run | None:
    """A run of the skill that was not known before."""
    return next((run for run in struck.sidecar.client.runs(skill=skill) if run.id not in known), None)
