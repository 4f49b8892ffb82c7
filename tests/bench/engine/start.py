"""From an event, or a call, until the body of the run's first step begins: in a process of its own, with the skill
loaded. The floor is the zygote's fork alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from sidecar.execution.workers import Workers
from tests.bench.engine.figure import Figure, Goal
from tests.bench.engine.stage import Stage, succeeded, tell
from tests.support.live_sidecar import LiveSidecar

SKILL = '''"""Say when the first step began."""
import time

from pydantic import BaseModel

from skills import Run, event, skill, step


class Asked(BaseModel):
    number: int


@step
def began() -> float:
    return time.time()


@skill(on=event("measured", Asked))
def starting(run: Run, asked: Asked) -> float:
    return run.step(began)
'''
GOAL = Goal("at most", 30)  # milliseconds


def measure(stage: Stage) -> list[Figure]:
    count = stage.size(100, 10)
    by_event, by_call, forks = [], [], []
    with stage.sidecar() as sidecar, _zygote(sidecar.folder / "floor.lock") as fork:
        sidecar.put("starting", SKILL)
        sidecar.run("starting", {"number": 0})
        for number in range(count):
            if number % 20 == 0:
                tell(f"start: {number} of {count}")
            by_event.append(_until_begun(sidecar, partial(_emit, sidecar, number)))
            by_call.append(_until_begun(sidecar, partial(_call, sidecar, number)))
            forks.append(fork())
    return [
        Figure("event to first step", "ms", by_event, forks, "zygote: fork", GOAL),
        Figure("call to first step", "ms", by_call, forks, "zygote: fork", GOAL),
    ]


def _emit(sidecar: LiveSidecar, number: int) -> str:
    (delivery,) = sidecar.client.emit("measured", {"number": number}).deliveries
    assert delivery.run is not None, delivery
    return delivery.run


def _call(sidecar: LiveSidecar, number: int) -> str:
    return sidecar.client.run_skill("starting", {"number": number}).id


def _until_begun(sidecar: LiveSidecar, start: Callable[[], str]) -> float:
    asked = time.time()
    began = succeeded(sidecar, start()).output
    assert isinstance(began, float), began
    return (began - asked) * 1000


@contextmanager
def _zygote(lock: Path) -> Iterator[Callable[[], float]]:
    """Milliseconds until a worker is forked; it ends at once."""
    workers = Workers(lock, lock.with_name("scratch"))
    workers.start()

    def fork() -> float:
        started = time.perf_counter()
        worker = workers.spawn()
        taken = (time.perf_counter() - started) * 1000
        worker.sock.close()
        workers.kill(worker)
        return taken

    try:
        yield fork
    finally:
        workers.close()
