"""kill -9 while a notice is on its way to Slack: it is there once, and the one after it too."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import JsonValue

from tests.crash.story import Struck, broken_connections
from tests.notices.stage import SAYS, comes_to_be, with_targets
from tests.support.live_sidecar import LiveSidecar
from tests.support.slack import Slack

pytestmark = broken_connections

POINTS = [
    ("notices.begun", 1),  # on disk that it is tried, and not sent
    ("gateway.notice.before", 1),
    ("gateway.notice.after", 1),  # sent, and nobody heard the answer
    ("notices.answered", 1),  # sent, and not on record
    ("notices.recorded", 1),
    ("gateway.notice.after", 2),
    ("notices.answered", 2),
]


@pytest.fixture(scope="module")
def slack() -> Iterator[Slack]:
    with Slack() as server:
        yield server


@pytest.fixture(scope="module")
def sidecar(slack: Slack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSidecar]:
    with with_targets(tmp_path_factory.mktemp("struck"), f"[targets.ops]\n{slack.settings}") as live:
        live.put("says", SAYS.replace("NAME", "says"))
        yield live


@pytest.mark.parametrize(("point", "times"), POINTS)
def test_each_notice_is_there_once_and_in_its_order(sidecar: LiveSidecar, slack: Slack, point: str, times: int) -> None:
    words: list[JsonValue] = [f"{point} {times} {number}" for number in (1, 2)]
    struck = Struck(sidecar, point, times)
    run = sidecar.client.run_skill("says", {"target": "ops", "words": words}).id
    struck.ended(run)
    for notice in reversed([each for each in sidecar.client.notices() if each.run == run]):
        comes_to_be(sidecar, notice, "sent")
    assert [text for text in slack.texts() if text.startswith(f"{point} {times} ")] == words
