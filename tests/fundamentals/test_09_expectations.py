"""A run that ended well and still did the wrong thing is marked: a misfire."""

from __future__ import annotations

from tests.support.live_sidecar import LiveSidecar

SKILL = '''"""Say what was ordered."""

from datetime import timedelta

from pydantic import BaseModel

from skills import Expect, Run, skill


class Order(BaseModel):
    messages: int = 0
    says: str = ""
    seconds: float = 0.0


@skill(expect=Expect(EXPECT))
def NAME(run: Run, order: Order) -> str:
    for number in range(order.messages):
        run.notify("#loud", f"{number}")
    run.sleep(timedelta(seconds=order.seconds))
    return order.says
'''


def expecting(name: str, expect: str) -> str:
    return SKILL.replace("NAME", name).replace("EXPECT", expect)


def test_too_many_messages_are_a_misfire(sidecar: LiveSidecar) -> None:
    sidecar.put("loud", expecting("loud", "messages_at_most=1"))
    assert sidecar.run("loud", {"messages": 1}).run.misfire is None
    loud = sidecar.run("loud", {"messages": 2}).run
    assert loud.state == "succeeded"
    assert loud.misfire == "sent 2 messages, expected at most 1"


def test_the_same_output_too_often_is_a_misfire(sidecar: LiveSidecar) -> None:
    sidecar.put("stale", expecting("stale", "same_output_at_most=2"))
    misfires = [sidecar.run("stale", {"says": says}).run.misfire for says in ("a", "b", "b", "b", "c")]
    too_often = "the same output more than 2 times in a row, expected at most 2"
    assert misfires == [None, None, None, too_often, None]


def test_a_run_that_took_too_long_is_a_misfire(sidecar: LiveSidecar) -> None:
    sidecar.put("late", expecting("late", "within=timedelta(seconds=0.5)"))
    assert sidecar.run("late", {}).run.misfire is None
    slow = sidecar.run("late", {"seconds": 0.6}).run
    assert slow.state == "succeeded"
    assert slow.misfire is not None
    assert "expected within 0.5 s" in slow.misfire
