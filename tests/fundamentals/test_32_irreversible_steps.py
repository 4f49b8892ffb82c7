"""What cannot be undone is done once, upon a person's yes to exactly that; where nobody knows, a person says."""

from __future__ import annotations

import json
import os
import signal

import pytest
from pydantic import JsonValue

from sidecar.client import Refused, views
from tests.support.live_sidecar import LiveSidecar
from tests.support.sink import Sink
from tests.support.waiting import wait_until

PAGING = '''"""Page somebody, if a person agrees."""

from datetime import timedelta

from skills import Run, http, skill, step


@step(irreversible=True, answer_within=timedelta(seconds=WITHIN), on_expiry="no", timeout=timedelta(seconds=TIMEOUT))
def page(name: str, why: list[str]) -> str:
    http.post("http://HOST/NAME", json=why).raise_for_status()
    return f"paged {name}"


@skill(hosts=["HOST"])
def NAME(run: Run) -> str:
    done = run.step_if_approved("Page Ada?", page, "Ada", ["the shop is down"])
    return f"{done.result} by {done.by}" if done else "nobody"
'''


def paging(name: str, sink: Sink, *, within: float = 3600, timeout: float = 120) -> str:
    text = PAGING.replace("NAME", name).replace("HOST", sink.host)
    return text.replace("WITHIN", str(within)).replace("TIMEOUT", str(timeout))


def unknown(sidecar: LiveSidecar, run: str) -> views.Approval:
    """Wait until a person is asked what became of the step."""
    sidecar.waits(run, "unknown")
    approval = sidecar.approval(run)
    assert approval.kind == "unknown"
    return approval


def test_a_person_sees_exactly_what_a_yes_does_and_it_is_done_once(sidecar: LiveSidecar, sink: Sink) -> None:
    version = sidecar.put("page_yes", paging("page_yes", sink))
    started = sidecar.client.run_skill("page_yes").id
    asked = sidecar.approval(started)
    arguments: JsonValue = {"name": "Ada", "why": ["the shop is down"]}
    assert asked.question == "Page Ada?"
    assert asked.call == views.BoundCall(step="page", arguments=arguments, version=version)
    assert asked.expires_at is not None
    assert sink.count("/page_yes") == 0
    sidecar.client.answer(asked.id, "yes")
    assert sidecar.ended(started).output == "paged Ada by person"
    assert [json.loads(item.body) for item in sink.received if item.path == "/page_yes"] == [["the shop is down"]]


def test_a_no_is_a_no_and_so_is_silence(sidecar: LiveSidecar, sink: Sink) -> None:
    sidecar.put("page_no", paging("page_no", sink))
    started = sidecar.client.run_skill("page_no").id
    sidecar.client.answer(sidecar.approval(started).id, "no")
    assert sidecar.ended(started).output == "nobody"
    sidecar.put("page_late", paging("page_late", sink, within=1))
    assert sidecar.run("page_late").output == "nobody"
    assert sink.count("/page_no") + sink.count("/page_late") == 0


def test_in_a_rehearsal_nobody_is_asked_and_nothing_is_done(sidecar: LiveSidecar, sink: Sink) -> None:
    sidecar.put("page_rehearsed", paging("page_rehearsed", sink))
    assert sidecar.run("page_rehearsed", rehearsal=True).output == "nobody"
    assert sink.count("/page_rehearsed") == 0


def test_a_body_that_fails_is_not_tried_again(sidecar: LiveSidecar, sink: Sink) -> None:
    sink.replies["/page_failing"].append((503, {}))
    sidecar.put("page_failing", paging("page_failing", sink))
    started = sidecar.client.run_skill("page_failing").id
    sidecar.client.answer(sidecar.approval(started).id, "yes")
    ended = sidecar.ended(started)
    assert ended.run.error is not None
    assert ended.run.error.type == "BadStatus"
    assert sink.count("/page_failing") == 1


@pytest.mark.parametrize(("said", "output"), [("done", "None by person"), ("not-done", "nobody")])
def test_after_a_crash_a_person_says_whether_it_was_done(
    sidecar: LiveSidecar, sink: Sink, said: str, output: str
) -> None:
    name = f"page_{said.replace('-', '_')}"
    held = sink.hold(f"/{name}")
    sidecar.put(name, paging(name, sink))
    started = sidecar.client.run_skill(name).id
    sidecar.client.answer(sidecar.approval(started).id, "yes")
    wait_until(lambda: sink.count(f"/{name}"), "the step is under way")
    pid = wait_until(lambda: sidecar.client.run(started).attempts[-1].pid, "its process is known")
    os.kill(pid, signal.SIGKILL)
    asked = unknown(sidecar, started)
    held.set()
    assert asked.choices == ("done", "not-done")
    assert '"the shop is down"' in asked.question
    with pytest.raises(Refused, match="done or not-done, not 'yes'"):
        sidecar.client.answer(asked.id, "yes")
    sidecar.restart()
    assert sidecar.state(started) == "waiting", "nothing but a person's word ends it"
    sidecar.client.answer(asked.id, said)
    ended = sidecar.ended(started)
    assert ended.output == output
    assert [attempt.outcome for attempt in ended.steps[-1].attempts] == ["lost"]
    assert sink.count(f"/{name}") == 1


def test_a_step_whose_time_is_up_may_have_happened(sidecar: LiveSidecar, sink: Sink) -> None:
    held = sink.hold("/page_slow")
    sidecar.put("page_slow", paging("page_slow", sink, timeout=5))
    started = sidecar.client.run_skill("page_slow").id
    sidecar.client.answer(sidecar.approval(started).id, "yes")
    asked = unknown(sidecar, started)
    held.set()
    sidecar.client.answer(asked.id, "done")
    assert sidecar.ended(started).output == "None by person"
    assert sink.count("/page_slow") == 1


def test_a_cancel_that_strikes_it_says_that_it_may_have_happened(sidecar: LiveSidecar, sink: Sink) -> None:
    sidecar.put("page_cut", paging("page_cut", sink))
    held = sink.hold("/page_cut")
    started = sidecar.client.run_skill("page_cut").id
    sidecar.client.answer(sidecar.approval(started).id, "yes")
    wait_until(lambda: sink.count("/page_cut"), "it is under way")
    sidecar.client.cancel(started)
    held.set()
    (step,) = [step for step in sidecar.ended(started).steps if step.name == "page"]
    assert step.error is not None
    assert step.error.type == "MayHaveHappened"
    (told,) = [notice.text for notice in sidecar.client.notices() if notice.run == started]
    assert "page was under way when its run was cancelled: it may have happened, or not" in told


def test_each_use_is_asked_for_by_itself(sidecar: LiveSidecar, sink: Sink) -> None:
    more = (
        '    bob = run.step_if_approved("And Bob?", page, "Bob", [])\n    run.log(str(bob))\n    return f"{done.result}'
    )
    text = paging("page_twice", sink).replace('    return f"{done.result}', more)
    sidecar.put("page_twice", text)
    started = sidecar.client.run_skill("page_twice").id
    sidecar.client.answer(sidecar.approval(started).id, "yes")
    second = wait_until(
        lambda: next((item for item in sidecar.client.approvals() if item.question == "And Bob?"), None),
        "it asks again",
    )
    assert second.call is not None
    assert second.call.arguments == {"name": "Bob", "why": []}
    sidecar.client.answer(second.id, "no")
    ended = sidecar.ended(started)
    assert ended.output == "paged Ada by person"
    assert [line.message for line in ended.logs] == ["None"]
    assert sink.count("/page_twice") == 1


def test_other_arguments_than_the_approved_ones_make_the_approval_void(sidecar: LiveSidecar, sink: Sink) -> None:
    """The worker asks first; the sidecar compares what it begins with what was shown all the same."""
    text = paging("page_forged", sink).replace(
        "    done = ",
        '    forge(run, page, "Ada", ["other words than the approved ones"])\n    done = ',
    )
    forge = """
def forge(run: Run, step: Any, *given: object) -> None:
    steps: Any = getattr(run, "_steps")
    approved = steps.ask
    steps.ask = lambda question: approved(
        question.model_copy(update={"arguments": {"name": "Bob", "why": []}}) if question.op == "begin" else question
    )


@skill("""
    text = text.replace("@skill(", forge.lstrip("\n")).replace("from datetime", "from typing import Any\nfrom datetime")
    sidecar.put("page_forged", text)
    started = sidecar.client.run_skill("page_forged").id
    asked = sidecar.approval(started)
    sidecar.client.answer(asked.id, "yes")
    ended = sidecar.ended(started)
    assert ended.run.error is not None
    assert ended.run.error.type == "ApprovalVoid"
    assert sink.count("/page_forged") == 0
    assert sidecar.client.approval(asked.id).state == "void"
    clicked = sidecar.client.answer(asked.id, "yes")
    assert clicked.outcome == "void"
    assert "with other arguments" in clicked.said


LOOKED_UP = '''"""Order once; ask the shop what became of it where nobody knows."""

from datetime import timedelta

from skills import Run, http, skill, step


@step(attempts=2, backoff=timedelta(milliseconds=10), timeout=timedelta(seconds=LOOK_WITHIN))
def find_order(item: str, count: int) -> str | None:
    found = http.get("http://HOST/NAME/found", params={"item": item}).raise_for_status().json()
    return str(found["order"]) if found.get("order") else None


@step(irreversible=True, answer_within=timedelta(hours=1), on_expiry="no", lookup=find_order)
def order(item: str, count: int) -> str:
    http.post("http://HOST/NAME", json=[item, count]).raise_for_status()
    return "ordered"


@skill(hosts=["HOST"])
def NAME(run: Run) -> str:
    done = run.step_if_approved("Order it?", order, "pens", count=3)
    again = run.step(find_order, "again", 1)
    return f"{done.result if done else 'nothing'} by {done.by if done else 'nobody'}, then {again}"
'''


def struck(sidecar: LiveSidecar, sink: Sink, name: str, *, look_within: float = 20) -> str:
    """A run whose irreversible step a crash has struck; the shop has answers ready for its look-up."""
    held = sink.hold(f"/{name}")
    text = LOOKED_UP.replace("NAME", name).replace("HOST", sink.host).replace("LOOK_WITHIN", str(look_within))
    sidecar.put(name, text)
    run = sidecar.client.run_skill(name).id
    sidecar.client.answer(sidecar.approval(run).id, "yes")
    wait_until(lambda: sink.count(f"/{name}"), "the step is under way")
    os.kill(sidecar.worker(run), signal.SIGKILL)
    wait_until(lambda: len(sidecar.client.run(run).attempts) > 2, "the run goes on")
    held.set()
    return run


@pytest.mark.parametrize(("found", "said"), [("A7", "A7 by person"), ("", "nothing by nobody")])
def test_after_a_crash_its_look_up_says_whether_it_was_done(
    sidecar: LiveSidecar, sink: Sink, found: str, said: str
) -> None:
    name = f"order_found_{bool(found)}".lower()
    sink.replies[f"/{name}/found?item=pens"].append((200, {"order": found}))
    sink.replies[f"/{name}/found?item=again"].append((200, {"order": "A8"}))
    run = struck(sidecar, sink, name)
    ended = sidecar.ended(run)
    assert ended.output == f"{said}, then A8", "the look-up leaves other uses of its step alone"
    assert [(step.name, step.occurrence) for step in ended.steps[-2:]] == [("lookup:order", 0), ("find_order", 0)]
    assert [attempt.outcome for attempt in ended.steps[1].attempts] == ["lost"]
    assert sink.count(f"/{name}") == 1, "it is never done again"
    assert not [approval for approval in sidecar.client.approvals() if approval.run == run]


def test_a_look_up_is_tried_again_and_if_it_fails_for_good_a_person_is_asked(sidecar: LiveSidecar, sink: Sink) -> None:
    sink.replies["/order_lost/found?item=pens"].extend([(503, {})] * 2)
    sink.replies["/order_lost/found?item=again"].append((200, {"order": "A8"}))
    run = struck(sidecar, sink, "order_lost")
    asked = unknown(sidecar, run)
    sidecar.restart()
    assert sidecar.state(run) == "waiting"
    sidecar.client.answer(asked.id, "done")
    assert sidecar.ended(run).output == "None by person, then A8"
    assert (sink.count("/order_lost"), sink.count("/order_lost/found?item=pens")) == (1, 2)


def test_a_look_up_that_is_struck_goes_on_with_the_run(sidecar: LiveSidecar, sink: Sink) -> None:
    held = sink.hold("/order_slow/found?item=pens")
    sink.replies["/order_slow/found?item=pens"].append((200, {"order": "A7"}))
    sink.replies["/order_slow/found?item=again"].append((200, {"order": None}))
    run = struck(sidecar, sink, "order_slow")
    wait_until(lambda: sink.count("/order_slow/found?item=pens"), "it looks")
    sidecar.kill()
    held.set()
    sink.replies["/order_slow/found?item=pens"].append((200, {"order": "A7"}))
    sidecar.start()
    assert sidecar.ended(run).output == "A7 by person, then None"
    assert sink.count("/order_slow") == 1


def test_where_a_look_up_kills_its_worker_again_and_again_a_person_is_asked(sidecar: LiveSidecar, sink: Sink) -> None:
    deadly = """    deep: Iterator[int] = iter(())
    for _ in range(200_000):
        deep = filter(bool, deep)
    return str(next(deep, 1))  # overflows the interpreter's own stack
"""
    name = "order_deadly"
    held = sink.hold(f"/{name}")
    head, _, rest = LOOKED_UP.partition("    found = ")
    text = head + deadly + rest[rest.index("\n\n\n@step(irreversible") :]
    text = text.replace("from datetime", "from collections.abc import Iterator\nfrom datetime")
    text = text.replace('    again = run.step(find_order, "again", 1)\n', "").replace("{again}", "nothing")
    sidecar.put(name, text.replace("NAME", name).replace("HOST", sink.host).replace("LOOK_WITHIN", "20"))
    run = sidecar.client.run_skill(name).id
    sidecar.client.answer(sidecar.approval(run).id, "yes")
    wait_until(lambda: sink.count(f"/{name}"), "the step is under way")
    os.kill(sidecar.worker(run), signal.SIGKILL)
    asked = wait_until(
        lambda: next((each for each in sidecar.client.approvals() if each.run == run), None),
        "a person is asked",
        within=60,
    )
    held.set()
    assert asked.kind == "unknown"
    assert [attempt.outcome for attempt in sidecar.client.run(run).attempts][1:4] == ["lost"] * 3
    sidecar.client.answer(asked.id, "not-done")
    assert sidecar.ended(run).output == "nothing by nobody, then nothing"
