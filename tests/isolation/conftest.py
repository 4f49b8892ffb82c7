"""A sidecar of this user, and one of an ordinary user."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.live_sidecar import LiveSidecar
from tests.support.ordinary_user import USER, become_ordinary, needs_ordinary_user

WHO = ("this user", "an ordinary user")


class OrdinarySidecar(LiveSidecar):
    """Runs as another user than root, in a folder of that user's."""

    def wrapper(self) -> list[str]:
        return become_ordinary([])

    def hand_over(self) -> None:
        for folder in (self.folder, self._short):
            for path in (folder, *folder.rglob("*")):
                os.chown(path, USER, USER)


def put_with_a_yes(live: LiveSidecar, name: str, text: str) -> None:
    """Write a skill whose powers want a person's yes."""
    verdict = live.client.write(name, text, base=None, reason="a test")
    assert verdict.report.passed, verdict.report.problems
    if not verdict.live:
        [proposal] = [each for each in live.client.status().proposals if each.skill == name]
        live.client.accept(proposal.id)


@pytest.fixture(scope="module", params=WHO)
def anyones(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSidecar]:
    if request.param == WHO[0]:
        with LiveSidecar(tmp_path_factory.mktemp("live")) as live:
            yield live
        return
    needs_ordinary_user()
    folder = Path(tempfile.mkdtemp(prefix="tend-ordinary-"))  # pytest's own is closed to others
    try:
        ordinary = OrdinarySidecar(folder)
        ordinary.hand_over()
        with ordinary:
            yield ordinary
    finally:
        shutil.rmtree(folder)
