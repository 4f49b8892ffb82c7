"""`run.start` starts another skill and goes on: the started run is on its own."""

from __future__ import annotations

from tests.support.live_sidecar import LiveSidecar
from tests.support.waiting import wait_until

CHILD = '''"""Take a number, when a person agrees."""

from skills import Run, skill


@skill(concurrency=9)
def child(run: Run, number: int) -> int:
    if number == 0:
        raise ValueError("nothing to do")
    run.approve(f"Take {number}?")
    return number
'''

STARTER = '''"""Have numbers taken."""

from skills import Run, Skill, skill

other = Skill.named("OTHER", takes=int, returns=int)


@skill(concurrency=9)
def NAME(run: Run, number: int) -> str:
    return run.start(other, number)
'''


def starter(name: str, other: str = "child") -> str:
    return STARTER.replace("NAME", name).replace("OTHER", other)


def test_the_started_run_goes_on_when_its_starter_has_ended(sidecar: LiveSidecar) -> None:
    sidecar.put("child", CHILD)
    sidecar.put("starter", starter("starter"))
    ended = sidecar.run("starter", 3)
    (started,) = ended.children
    assert ended.output == started.id
    assert len(ended.attempts) == 1, "it did not wait"
    assert (started.skill, started.parent, started.trigger) == ("child", ended.run.id, f"run {ended.run.id}")
    sidecar.client.answer(sidecar.approval(started.id).id, "yes")
    assert sidecar.ended(started.id).output == 3


def test_a_started_run_that_fails_or_outlives_its_starter_does_not_touch_it(sidecar: LiveSidecar) -> None:
    sidecar.put("child", CHILD)
    sidecar.put("starter_of_failures", starter("starter_of_failures"))
    ended = sidecar.run("starter_of_failures", 0)
    assert sidecar.ended(ended.children[0].id).run.state == "failed"
    assert sidecar.state(ended.run.id) == "succeeded"


def test_a_run_starts_once_however_often_it_is_replayed(sidecar: LiveSidecar) -> None:
    sidecar.put("child", CHILD)
    text = starter("replayed_starter").replace(
        "return run.start(other, number)", 'first = run.start(other, number)\n    run.approve("On?")\n    return first'
    )
    sidecar.put("replayed_starter", text)
    run = sidecar.client.run_skill("replayed_starter", 5).id
    sidecar.client.answer(sidecar.approval(run).id, "yes")
    ended = sidecar.ended(run)
    assert [child.id for child in ended.children] == [ended.output]
    assert len(ended.attempts) == 2


def test_a_skill_that_there_is_not_cannot_be_started(sidecar: LiveSidecar) -> None:
    sidecar.put("mistaken", starter("mistaken", other="nobody"))
    error = sidecar.run("mistaken", 1).run.error
    assert error is not None
    assert (error.type, error.message) == ("NoSuchSkill", "there is no active skill 'nobody'")


def test_a_skill_may_start_itself_and_a_chain_of_starts_ends_at_the_limit(sidecar: LiveSidecar) -> None:
    sidecar.put("chain", starter("chain", other="chain"))
    sidecar.client.run_skill("chain", 1)
    ended = wait_until(lambda: next(iter(sidecar.client.runs(skill="chain", state="failed")), None), "the chain ends")
    assert ended.error is not None
    assert ended.error.type == "TooDeep"
    assert len(sidecar.client.runs(skill="chain")) == 11


def test_a_rehearsal_starts_rehearsals(sidecar: LiveSidecar) -> None:
    sidecar.put("child", CHILD)
    sidecar.put("rehearsed_starter", starter("rehearsed_starter"))
    (started,) = sidecar.run("rehearsed_starter", 3, rehearsal=True).children
    assert sidecar.ended(started.id).output == 3, "nobody was asked"
    assert started.id not in [approval.run for approval in sidecar.client.approvals()]
