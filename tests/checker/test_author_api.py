"""What advice says an author can use is read from the package itself."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import skills
from sidecar.checker.advice import AuthorApi

PACKAGE = Path(skills.__file__).parent


class Garbage:
    """What only a collection frees, and takes a while to say goodbye: another thread goes on meanwhile."""

    def __init__(self) -> None:
        self.itself = self

    def __del__(self) -> None:
        for _ in range(50):
            pass


@pytest.fixture
def impatient() -> Iterator[None]:
    """Threads take turns as often as they can, and garbage is collected all the time."""
    turns, limits = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(1e-6)
    gc.set_threshold(5)
    yield
    sys.setswitchinterval(turns)
    gc.set_threshold(*limits)


@pytest.mark.usefixtures("impatient")
def test_several_threads_may_read_it_at_once() -> None:
    def read(_: int) -> AuthorApi:
        Garbage()
        return AuthorApi.read(PACKAGE)

    with ThreadPoolExecutor(4) as threads:
        found = set(threads.map(read, range(40)))
    assert len(found) == 1
    assert "step_if_approved" in found.pop().run
