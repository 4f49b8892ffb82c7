"""Those who watch wait: a sidecar in which nothing happens for hours costs nothing."""

from __future__ import annotations

import time

from sidecar.moments import Moments


def test_who_has_seen_nothing_yet_waits_for_the_first_moment() -> None:
    moments = Moments()
    began = time.monotonic()
    assert moments.after(0, timeout=0.05) == []
    assert time.monotonic() - began >= 0.05
    moments.publish("run", run="1")
    assert [moment.topic for moment in moments.after(0, timeout=5)] == ["run"]
