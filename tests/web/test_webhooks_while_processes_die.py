"""Each webhook that was answered well is one event, though the sidecar and the pages' process are killed meanwhile."""

from __future__ import annotations

from pathlib import Path

from harness.web.doors.hooks import Hooks
from tests.bench.web import webhooks
from tests.support.live_sidecar import LiveSidecar
from tests.support.web_process import WebProcess


def test_none_is_lost_and_none_is_there_twice(tmp_path: Path) -> None:
    with LiveSidecar(tmp_path) as sidecar, WebProcess(sidecar) as web:
        key = Hooks(sidecar.client.settings.store).add(webhooks.NAME, "standard").keys[0].value
        ids = [str(number) for number in range(300)]
        sent = webhooks.with_kills(sidecar, web, key, ids, rate=100)
        assert set(sent.acknowledged) == set(ids)
        assert sent.tries > len(ids)  # some were struck
        assert webhooks.check(sidecar, ids) == (0, 0)
