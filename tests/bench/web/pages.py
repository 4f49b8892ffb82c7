"""Every page's first byte, where a million steps are stored. The floor is a file of the pages."""

from __future__ import annotations

import time

import httpx2

from tests.bench.engine.figure import Figure, Goal
from tests.bench.engine.history import remember, run_id
from tests.bench.engine.stage import Stage, tell
from tests.support.web_process import WebProcess

SKILL = '''"""Listed with a long history."""

from skills import Run, skill


@skill()
def skill_7(run: Run) -> int:
    return 7
'''

GOAL = Goal("at most", 150)  # milliseconds


def measure(stage: Stage) -> list[Figure]:
    count, rounds = stage.size(100_000, 2_000), stage.size(10, 2)
    with stage.folder() as folder:
        sidecar = stage.sidecar_in(folder)
        remember(sidecar, count)
        with sidecar:
            sidecar.put("skill_7", SKILL)
            with WebProcess(sidecar) as web, web.browser() as browser:
                taken: dict[str, list[float]] = {address: [] for address in _addresses(run_id(count // 2))}
                floor: list[float] = []
                for number in range(rounds + 1):
                    tell(f"pages: round {number} of {rounds}")
                    for address, values in taken.items():
                        values.append(_first_byte(browser, address))
                    floor.append(_first_byte(browser, "/static/tend.css"))
    return [  # the first round reads what is not in the cache yet
        Figure(f"GET {address}, {count:,} runs", "ms", values[1:], floor[1:], "a file", GOAL)
        for address, values in taken.items()
    ]


def _addresses(run: str) -> list[str]:
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


def _first_byte(browser: httpx2.Client, address: str) -> float:
    started = time.perf_counter()
    with browser.stream("GET", address) as answer:
        taken = (time.perf_counter() - started) * 1000
        if answer.status_code != 200:
            raise AssertionError(f"{address}: {answer.status_code}")
        answer.read()
    return taken
