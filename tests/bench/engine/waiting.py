"""A thousand runs that wait: what they take while they do."""

from __future__ import annotations

from tests.bench.engine.figure import Figure, Goal
from tests.bench.engine.process import memory
from tests.bench.engine.stage import PATIENCE, Stage, call_all, tell
from tests.support.leftovers import processes_of
from tests.support.live_sidecar import LiveSidecar
from tests.support.waiting import wait_until

SKILL = '''"""Wait for a day, or for somebody's yes."""
from datetime import timedelta

from skills import Run, skill


@skill(concurrency=1000)
def patient(run: Run) -> None:
    if run.random.random() < 0.5:
        run.sleep(timedelta(days=1))
    else:
        run.approve("Now?")
'''


def measure(stage: Stage) -> list[Figure]:
    count = stage.size(1000, 50)
    with stage.sidecar() as sidecar:
        sidecar.put("patient", SKILL)
        wait_until(lambda: len(processes_of(sidecar.folder)) > 0, "the sidecar has its processes")
        before, memory_before = _processes(sidecar), memory(sidecar.pid)
        tell(f"waiting: {count} runs")
        call_all(sidecar, "patient", count)
        wait_until(lambda: _waiting(sidecar) == count, f"{count} runs wait", within=PATIENCE)
        wait_until(lambda: _processes(sidecar) <= before, "no process is left of them", within=PATIENCE)
        grown = memory(sidecar.pid) - memory_before
        processes = _processes(sidecar) - before
    return [
        Figure(f"processes of {count:,} runs that wait", "", [processes], goal=Goal("at most", 0)),
        Figure(f"memory of {count:,} runs that wait", "MiB", [grown]),
    ]


def _waiting(sidecar: LiveSidecar) -> int:
    return len(sidecar.client.runs(skill="patient", state="waiting", limit=1000))


def _processes(sidecar: LiveSidecar) -> int:
    return len(processes_of(sidecar.folder))
