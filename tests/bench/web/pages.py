"""Every page's first byte, and what it takes of the processor, where a million steps are stored. The floor is a file of
the pages."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence

import httpx2

from tests.bench.engine.figure import Figure, Goal
from tests.bench.engine.history import remember, run_id
from tests.bench.engine.in_turns import in_turns
from tests.bench.engine.process import processor_seconds
from tests.bench.engine.stage import Stage
from tests.support.web_process import WebProcess

SKILL = '''"""Listed with a long history."""

from skills import Run, skill


@skill()
def skill_7(run: Run) -> int:
    return 7
'''

GOAL = Goal("at most", 150)  # milliseconds
PROCESSOR = Goal("at most", 60)  # milliseconds of the pages' process and the sidecar


def measure(stage: Stage) -> list[Figure]:
    count, rounds = stage.size(100_000, 2_000), stage.size(10, 2)
    with stage.folder() as folder:
        sidecar = stage.sidecar_in(folder)
        remember(sidecar, count)
        with sidecar:
            sidecar.put("skill_7", SKILL)
            with WebProcess(sidecar) as web, web.browser() as browser:
                asked = {address: Asked(browser, address, (web.pid, sidecar.pid)) for address in _addresses(count)}
                named = {f"GET {address}, {count:,} runs": one.first_byte for address, one in asked.items()}
                floor = Asked(browser, "/static/tend.css", ()).first_byte
                figures = in_turns(named, floor, "a file", rounds=rounds, goal=GOAL)
    return figures + [
        Figure(f"GET {address}: processor", "ms", [statistics.mean(one.processor[1:])], goal=PROCESSOR)
        for address, one in asked.items()
    ]


class Asked:
    """What is asked of the pages again and again."""

    def __init__(self, browser: httpx2.Client, address: str, pids: Sequence[int]) -> None:
        self._browser = browser
        self._address = address
        self._pids = pids
        self.processor: list[float] = []  # milliseconds that these processes took for it, in steps of 10

    def first_byte(self) -> float:
        """After how many milliseconds it came."""
        before = sum(map(processor_seconds, self._pids))
        started = time.perf_counter()
        with self._browser.stream("GET", self._address) as answer:
            taken = (time.perf_counter() - started) * 1000
            if answer.status_code != 200:
                raise AssertionError(f"{self._address}: {answer.status_code}")
            answer.read()
        self.processor.append((sum(map(processor_seconds, self._pids)) - before) * 1000)
        return taken


def _addresses(count: int) -> list[str]:
    run = run_id(count // 2)
    return [
        "/",
        "/chat",
        "/skills",
        "/skills/skill_7",
        "/skills/skill_7/source",
        "/skills/skill_7/versions",
        "/runs",
        "/runs?skill=skill_7&state=failed",
        "/runs?state=waiting",
        "/runs?since=2001-01-01T00:00:00Z&until=2001-01-02T00:00:00Z",
        "/runs?version=abc",
        f"/runs/{run}",
        f"/runs/{run}?step=measured",
        "/approvals",
        "/review",
        "/costs",
        "/health",
        "/api/home",
    ]
