"""What fifty open pages cost that read themselves again when something happens: of a core, in the pages' process and
in the sidecar. The floor is the same where nobody looks."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle, islice

from tests.bench.engine.figure import Figure, Goal
from tests.bench.engine.history import remember
from tests.bench.engine.process import processor_seconds
from tests.bench.engine.stage import Stage, call_all, tell
from tests.bench.web.looker import Looker
from tests.support.live_sidecar import LiveSidecar
from tests.support.waiting import wait_until
from tests.support.web_process import WebProcess

CLIENTS = 50
RUNS = 5  # under way, each of which asks; their pages are looked at
RATES = (0, 1, 5)  # things a second; at each a question is answered, a step made, and the next one asked
HISTORY = 2_000  # runs of a hundred skills
GOAL = Goal("at most", 10)  # percent of a core

SKILL = '''"""Ask, and ask again."""

from skills import Run, skill, step


@step()
def note(number: int) -> int:
    return number


@skill(concurrency=10)
def asker(run: Run) -> None:
    for number in range(1_000):
        run.approve(f"Go on with {number}?")
        run.step(note, number)
'''


def measure(stage: Stage) -> list[Figure]:
    seconds = stage.size(20, 2)
    with stage.folder() as folder:
        sidecar = stage.sidecar_in(folder)
        remember(sidecar, HISTORY)
        with sidecar, WebProcess(sidecar) as web:
            sidecar.put("asker", SKILL)
            call_all(sidecar, "asker", RUNS)
            wait_until(lambda: len(sidecar.client.approvals()) == RUNS, "each run asks")
            tell("live: nobody looks")
            alone = {rate: _used(sidecar, web, seconds, rate) for rate in RATES}
            figures = []
            with _looking(web, _addresses(sidecar)) as lookers:
                for rate in RATES:
                    tell(f"live: {CLIENTS} look, {rate} things a second")
                    for looker in lookers:
                        looker.read_after.clear()
                    used = _used(sidecar, web, seconds, rate)
                    read = [after for looker in lookers for after in looker.read_after]
                    figures += _figures(f"{CLIENTS} open pages, {rate}/s", used, alone[rate], read, seconds)
    return figures


def _figures(
    name: str, used: dict[str, float], alone: dict[str, float], read: Sequence[float], seconds: float
) -> list[Figure]:
    """`read`: after how many milliseconds each reading was there."""
    looking = sum(used.values()) - sum(alone.values())
    return [
        *(Figure(f"{name}: {part}", "% of a core", [used[part]], [alone[part]], "nobody looks") for part in used),
        Figure(f"{name}: looking", "% of a core", [looking], goal=GOAL),
        Figure(f"{name}: read again", "1/s", [len(read) / seconds]),
        *([Figure(f"{name}: read after", "ms", read)] if read else []),
    ]


def _used(sidecar: LiveSidecar, web: WebProcess, seconds: float, rate: int) -> dict[str, float]:
    """By each of the two processes, while that many things happen a second, or as many as they come to."""
    pids = {"pages": web.pid, "sidecar": sidecar.pid}
    before = {part: processor_seconds(pid) for part, pid in pids.items()}
    began = time.monotonic()
    for number in range(int(rate * seconds)):
        time.sleep(max(0.0, began + number / rate - time.monotonic()))
        _happen(sidecar)
    time.sleep(max(0.0, began + seconds - time.monotonic()))
    taken = time.monotonic() - began
    return {part: (processor_seconds(pid) - before[part]) / taken * 100 for part, pid in pids.items()}


def _happen(sidecar: LiveSidecar) -> None:
    asked = sidecar.client.approvals()
    if asked:
        sidecar.client.answer(min(asked, key=lambda approval: approval.asked_at).id, "yes")


def _addresses(sidecar: LiveSidecar) -> Iterator[str]:
    runs = cycle(f"/runs/{run.id}" for run in sidecar.client.runs(skill="asker", limit=RUNS))
    return islice((address for run in runs for address in ("/", "/runs", run, "/approvals")), CLIENTS)


@contextmanager
def _looking(web: WebProcess, addresses: Iterator[str]) -> Iterator[list[Looker]]:
    lookers = [Looker(web, address) for address in addresses]
    for looker in lookers:
        looker.open()
    yield lookers
    web.kill()  # ends the streams
    web.start()
