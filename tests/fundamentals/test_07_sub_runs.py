"""`invoke` runs another skill and waits for it: results, errors and cancellations come back."""

from __future__ import annotations

from tests.support.live_sidecar import LiveSidecar
from tests.support.waiting import wait_until

CHILD = '''"""Half a number, if a person agrees."""

from pydantic import BaseModel

from skills import Run, skill


class Number(BaseModel):
    value: int


@skill(concurrency=9)
def child(run: Run, number: Number) -> float:
    if number.value < 0:
        raise ValueError("no negative numbers")
    if number.value == 0:
        run.approve("Divide nothing?")
    return number.value / 2
'''

PARENT = '''"""Have a number halved."""

from pydantic import BaseModel

from skills import Run, Skill, StepFailed, skill


class Number(BaseModel):
    value: int


child = Skill.named("child", takes=Number, returns=float)


@skill(concurrency=9)
def parent(run: Run, number: Number) -> str:
    try:
        return f"half is {run.invoke(child, number)}"
    except StepFailed as error:
        return f"{error.type}: {error.message}"
'''


def both(sidecar: LiveSidecar) -> LiveSidecar:
    sidecar.put("child", CHILD)
    sidecar.put("parent", PARENT)
    return sidecar


def test_invoke_gives_the_result_of_the_other_skill(sidecar: LiveSidecar) -> None:
    ended = both(sidecar).run("parent", {"value": 5})
    assert ended.output == "half is 2.5"
    (child,) = ended.children
    assert (child.skill, child.parent, child.state) == ("child", ended.run.id, "succeeded")
    assert ended.run.attempts == 2, "the parent kept no process meanwhile"


def test_the_error_of_the_other_skill_is_raised(sidecar: LiveSidecar) -> None:
    assert both(sidecar).run("parent", {"value": -1}).output == "ValueError: no negative numbers"


def test_a_cancelled_sub_run_is_an_error_for_its_parent(sidecar: LiveSidecar) -> None:
    started = both(sidecar).client.run_skill("parent", {"value": 0}).id
    child = wait_until(lambda: sidecar.client.runs(skill="child", state="waiting"), "the child waits")[0]
    sidecar.client.cancel(child.id, "not needed")
    assert sidecar.ended(started).output == "Cancelled: not needed"


def test_cancelling_a_run_cancels_what_it_started(sidecar: LiveSidecar) -> None:
    started = both(sidecar).client.run_skill("parent", {"value": 0}).id
    child = wait_until(lambda: sidecar.client.runs(skill="child", state="waiting"), "the child waits")[0]
    sidecar.client.cancel(started)
    assert sidecar.state(started) == "cancelled"
    assert sidecar.state(child.id) == "cancelled"


def test_a_skill_cannot_wait_for_itself(sidecar: LiveSidecar) -> None:
    text = PARENT.replace('Skill.named("child"', 'Skill.named("circle"').replace("def parent", "def circle")
    sidecar.put("circle", text)
    assert "already running above this run" in str(sidecar.run("circle", {"value": 1}).output)
