"""A skill can be called with an input; a wrong one, or too many calls at once, are handled in the open."""

from __future__ import annotations

import pytest

from sidecar.client import Refused
from tests.support.live_sidecar import LiveSidecar
from tests.support.waiting import wait_until

ORDERS = '''"""Take an order."""

from pydantic import BaseModel

from skills import Run, skill


class Order(BaseModel):
    item: str
    count: int = 1
    ask: bool = False


@skill()
def NAME(run: Run, order: Order) -> str:
    if order.ask:
        run.approve(f"Take {order.item}?")
    return f"{order.count} {order.item}"
'''


def test_a_call_gives_its_input(sidecar: LiveSidecar) -> None:
    sidecar.put("orders", ORDERS.replace("NAME", "orders"))
    assert sidecar.run("orders", {"item": "pens", "count": 3}).output == "3 pens"


def test_a_wrong_input_is_a_clear_error(sidecar: LiveSidecar) -> None:
    sidecar.put("strict", ORDERS.replace("NAME", "strict"))
    ended = sidecar.run("strict", {"count": "many"})
    assert ended.run.state == "failed"
    assert ended.run.error is not None
    assert ended.run.error.type == "WrongInput"
    assert "item" in ended.run.error.message
    assert "count" in ended.run.error.message
    assert ended.steps == ()


def test_a_call_of_what_is_not_there_says_so(sidecar: LiveSidecar) -> None:
    with pytest.raises(Refused, match="there is no skill 'nobody'") as refused:
        sidecar.client.run_skill("nobody")
    assert refused.value.status == 404


def test_with_concurrency_one_the_second_run_waits_for_the_first(sidecar: LiveSidecar) -> None:
    sidecar.put("one_by_one", ORDERS.replace("NAME", "one_by_one"))
    first = sidecar.client.run_skill("one_by_one", {"item": "a", "ask": True}).id
    question = sidecar.approval(first)
    second = sidecar.client.run_skill("one_by_one", {"item": "b"}).id
    sidecar.put("bystander", ORDERS.replace("NAME", "bystander"))
    assert sidecar.run("bystander", {"item": "c"}).output == "1 c", "other skills go on"
    assert sidecar.state(second) == "queued", "a waiting run keeps its place"
    sidecar.client.answer(question.id, "yes")
    assert sidecar.ended(second).output == "1 b"
    assert sidecar.ended(first).output == "1 a"


def test_a_rehearsal_does_not_wait_for_a_run(sidecar: LiveSidecar) -> None:
    sidecar.put("rehearsed_meanwhile", ORDERS.replace("NAME", "rehearsed_meanwhile"))
    held = sidecar.client.run_skill("rehearsed_meanwhile", {"item": "a", "ask": True}).id
    sidecar.waits(held, "approve")
    ended = sidecar.run("rehearsed_meanwhile", {"item": "b", "ask": True}, rehearsal=True)
    assert ended.output == "1 b"
    sidecar.client.cancel(held)
    wait_until(lambda: sidecar.state(held) == "cancelled", "it is cancelled")
