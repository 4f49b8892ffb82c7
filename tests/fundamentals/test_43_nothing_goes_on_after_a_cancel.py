"""After a cancel is acknowledged nothing of the run goes on: no step, no sub-run, no process (I10)."""

from __future__ import annotations

from pathlib import Path

from tests.support.live_sidecar import LiveSidecar
from tests.support.sink import Sink
from tests.support.waiting import wait_until

CHAIN = '''"""Do steps without end, or have it done below; and let nothing stop that."""

from skills import Run, Skill, http, skill, step


@step
def mark(n: int) -> int:
    return http.post("http://HOST/mark").raise_for_status().status


@skill(hosts=["HOST"])
def NAME(run: Run) -> int:
    BODY


def endless(run: Run) -> int:
    n = 0
    while True:
        try:
            run.step(mark, n)
        except Exception:
            run.log("never mind")
        n += 1
'''


def test_a_chain_of_runs_ends_with_its_first_and_no_step_starts_any_more(sidecar: LiveSidecar, sink: Sink) -> None:
    text = CHAIN.replace("HOST", sink.host)
    sidecar.put("lowest", text.replace("NAME", "lowest").replace("BODY", "return endless(run)"))
    for name, below in (("between", "lowest"), ("top", "between")):
        invoke = f'return run.invoke(Skill.named("{below}", returns=int))'
        body = f"try:\n        {invoke}\n    except Exception:\n        return -1"
        sidecar.put(name, text.replace("NAME", name).replace("BODY", body))
    top = sidecar.client.run_skill("top").id
    wait_until(lambda: sink.count("/mark") > 3, "the lowest is at work")
    (lowest,) = sidecar.client.runs(skill="lowest")
    pid = sidecar.worker(lowest.id)
    sidecar.client.cancel(top, "enough")
    at_the_acknowledgement = len(sidecar.client.run(lowest.id).steps)
    wait_until(lambda: not Path(f"/proc/{pid}").exists(), "its process is gone", within=5)
    states = {name: sidecar.client.runs(skill=name)[0] for name in ("top", "between", "lowest")}
    assert [(run.state, run.reason) for run in states.values()] == [
        ("cancelled", "enough"),
        ("cancelled", f"its parent {top} was cancelled"),
        ("cancelled", f"its parent {states['between'].id} was cancelled"),
    ]
    marked = sink.count("/mark")
    sidecar.restart()
    ended = sidecar.client.run(lowest.id)
    assert (len(ended.steps), sink.count("/mark")) == (at_the_acknowledgement, marked)
    assert {step.state for step in ended.steps} <= {"succeeded", "failed"}
    assert sidecar.client.run(top).run.error is None, "who was cancelled has caught nothing"
