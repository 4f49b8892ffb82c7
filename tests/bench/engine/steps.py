"""What a step costs inside a run: the worker's questions, the journal, the commit; beside one insert and commit."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from sidecar.client import views
from tests.bench.engine.dbos_steps import dbos_steps
from tests.bench.engine.figure import Figure, Goal
from tests.bench.engine.stage import Stage, call_all, succeeded, tell, wait_for_all
from tests.support.live_sidecar import LiveSidecar

SKILL = '''"""Take many small steps."""
from skills import Run, skill, step


@step
def measured(number: int) -> int:
    return number


@skill(concurrency=50)
def stepping(run: Run) -> int:
    return sum(run.step(measured, number) for number in range({steps}))
'''
TIMES_THE_DRIVER = {"sqlite": 3, "postgresql": 4}
A_FIFTH = 0.2
AT_ONCE = 50


def measure(stage: Stage) -> list[Figure]:
    rounds, steps = stage.size(15, 3), stage.size(200, 50)
    ours: list[float] = []
    driver: list[float] = []
    theirs: list[float] = []
    with stage.sidecar(workers=str(AT_ONCE)) as sidecar, dbos_steps(sidecar.folder, stage.database) as dbos:
        sidecar.put("stepping", SKILL.format(steps=steps))
        sidecar.run("stepping")  # the first one warms what there is to warm
        for number in range(rounds):
            tell(f"steps: round {number + 1} of {rounds}")
            ours += _between(succeeded(sidecar, sidecar.client.run_skill("stepping").id).steps)
            driver += stage.database.commits(sidecar.folder, steps)
            theirs += dbos(steps) if dbos else []
        at_once = _at_once(sidecar, steps)
    limit = Goal("times the floor at most", TIMES_THE_DRIVER[stage.database.name])
    figures = [
        Figure("a step", "µs", ours, driver, "driver: insert, commit", limit),
        Figure(f"a step, {AT_ONCE} runs at once", "µs", [at_once], driver, "driver: insert, commit"),
    ]
    if theirs:
        fifth = Goal("times the floor at most", A_FIFTH)
        figures.append(Figure("a step", "µs", ours, theirs, "DBOS: a step", fifth))
    return figures


def _between(steps: Sequence[views.Step]) -> list[float]:
    """Microseconds from the end of each to the end of the next."""
    ended = [step.ended_at for step in steps if step.ended_at]
    return [(later - earlier).total_seconds() * 1e6 for earlier, later in pairwise(ended)]


def _at_once(sidecar: LiveSidecar, steps: int) -> float:
    """Microseconds for each step of all, from the first run's start to the last one's end."""
    tell(f"steps: {AT_ONCE} runs at once")
    known = {run.id for run in sidecar.client.runs(limit=1000)}
    call_all(sidecar, "stepping", AT_ONCE)
    ended = [run for run in wait_for_all(sidecar, "stepping", AT_ONCE + len(known)) if run.id not in known]
    first = min(run.started_at for run in ended if run.started_at)
    last = max(run.ended_at for run in ended if run.ended_at)
    return (last - first).total_seconds() * 1e6 / (AT_ONCE * steps)
