"""kill -9 while the store is made: the next start makes it."""

from __future__ import annotations

import signal
from pathlib import Path

from tests.support.live_sidecar import LiveSidecar


def test_a_store_that_was_being_made_is_made(tmp_path: Path) -> None:
    sidecar = LiveSidecar(tmp_path)
    sidecar.failpoints.strike("store.migrate.before")
    with sidecar:
        assert sidecar.exit_status() == -signal.SIGKILL
        sidecar.start()
        assert sidecar.answers()
