"""Runs of three steps, each in a process of its own: how long one takes alone, and how many a second fifty at once."""

from __future__ import annotations

from sidecar.client import views
from tests.bench.engine.figure import Figure, Goal
from tests.bench.engine.stage import Stage, call_all, succeeded, tell, wait_for_all

SKILL = '''"""Take three small steps."""
from skills import Run, skill, step


@step
def add(a: int, b: int) -> int:
    return a + b


@skill(concurrency=50)
def adding(run: Run) -> int:
    return run.step(add, run.step(add, run.step(add, 1, 1), 1), 1)
'''
AT_ONCE = 50
GOAL = Goal("at least", 50)  # runs a second


def measure(stage: Stage) -> list[Figure]:
    with stage.sidecar(workers=str(AT_ONCE)) as sidecar:
        sidecar.put("adding", SKILL)
        one_by_one = stage.size(100, 10)
        tell(f"throughput: {one_by_one} runs, one after the other")
        for _ in range(one_by_one):
            succeeded(sidecar, sidecar.client.run_skill("adding").id)
        first = wait_for_all(sidecar, "adding", one_by_one)
        many = stage.size(500, 60)
        tell(f"throughput: {many} runs, {AT_ONCE} at once")
        call_all(sidecar, "adding", many)
        known = {run.id for run in first}
        then = [run for run in wait_for_all(sidecar, "adding", many + one_by_one) if run.id not in known]
    return [
        Figure("a run of three steps, from its call to its end", "ms", [_milliseconds(run) for run in first]),
        Figure(f"runs a second, {AT_ONCE} at once", "1/s", [_a_second(then)], goal=GOAL),
    ]


def _milliseconds(run: views.Run) -> float:
    assert run.ended_at is not None, run
    return (run.ended_at - run.created_at).total_seconds() * 1000


def _a_second(runs: list[views.Run]) -> float:
    """From the first one's call to the last one's end."""
    last = max(run.ended_at for run in runs if run.ended_at)
    return len(runs) / (last - min(run.created_at for run in runs)).total_seconds()
