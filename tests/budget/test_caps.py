"""I22: what a run may spend is reserved before each model call; at a cap the run waits for a person."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from harness.demo.scripted_model import CutInput, Hang, Request, ScriptedModel, ToolUse, Turn
from sidecar.client import Refused, views
from sidecar.store.schema import approvals, audit, breakers, budget_waits, reservations
from tests.support.live_sidecar import LiveSidecar
from tests.support.sink import Sink
from tests.support.waiting import wait_until

ASKS = '''"""Ask a model so many times."""

from skills import Run, skill


@skill(concurrency=100)
def NAME(run: Run, times: int) -> list[str]:
    return [run.ask("How are you?", number, returns=str, fallback=lambda: "no idea") for number in range(times)]
'''
CALLS = '''"""Call a server so many times, and tell it."""

from skills import Run, http, skill, step


@step
def call(path: str) -> int:
    return http.get(f"http://HOST/{path}").status


@skill(hosts=["HOST"])
def NAME(run: Run, times: int) -> int:
    for number in range(times):
        run.step(call, f"NAME/{number}")
        run.notify("#ops", f"NAME {number}")
    return times
'''

INVOKES = '''"""Have another ask."""

from skills import Run, Skill, skill

frugal = Skill.named("frugal", takes=int, returns=list[str])


@skill()
def generous(run: Run) -> list[str]:
    return run.invoke(frugal, 1)
'''


def answer(request: Request) -> Turn:
    if "Cut" in str(request["messages"]):
        return Turn(tools=(ToolUse("write", {"a": "longer text"}),), stop_reason="max_tokens", fault=CutInput())
    return Turn(text="fine", fault=Hang(after=2) if "Hang" in str(request["messages"]) else None)


@pytest.fixture(scope="module")
def thrifty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSidecar]:
    """A run may call three times, and tell twice."""
    settings = {"budget_run_http_calls": "3", "budget_run_notices": "2"}
    with (
        ScriptedModel(answer) as model,
        LiveSidecar(tmp_path_factory.mktemp("thrifty"), base_url=model.base_url, **settings) as live,
    ):
        yield live


def test_a_call_is_reserved_before_and_settled_after(thrifty: LiveSidecar) -> None:
    thrifty.put("asks", ASKS.replace("NAME", "asks"))
    ended = thrifty.run("asks", 2)
    rows = thrifty.query(sa.select(reservations).where(reservations.c.run == ended.run.id))
    assert [row.state for row in rows] == ["settled", "settled"]
    assert all(0 < row.cost < row.reserved for row in rows)
    assert ended.run.cost_usd is not None
    cost = thrifty.client.cost(skill="asks", since=datetime.now(UTC).date() - timedelta(days=6))
    (asks,) = cost.skills
    assert [day.skills for day in cost.days] == [{}] * 6 + [{"asks": asks.usd}]
    assert [day.usd for day in cost.days] == [0.0] * 6 + [asks.usd]
    assert (asks.model_calls, asks.runs) == (2, 1)
    assert asks.usd == pytest.approx(ended.run.cost_usd)
    assert asks.today.used == asks.usd


def test_a_reply_that_stopped_in_a_tool_call_counts_as_what_it_has_cost(thrifty: LiveSidecar) -> None:
    thrifty.put("cut", ASKS.replace("NAME", "cut").replace("How are you?", "Cut"))
    ended = thrifty.run("cut", 1)
    rows = thrifty.query(sa.select(reservations).where(reservations.c.run == ended.run.id))
    assert {row.state for row in rows} == {"settled"}
    assert all(0 < row.cost < row.reserved for row in rows)


def test_at_a_cap_the_run_waits_and_goes_on_when_a_person_raises_it(thrifty: LiveSidecar, sink: Sink) -> None:
    thrifty.put("calls", CALLS.replace("NAME", "calls").replace("HOST", sink.host))
    run = thrifty.client.run_skill("calls", 4)
    thrifty.waits(run.id, "budget")
    (waiting,) = thrifty.client.cost(skill="calls").waiting
    assert waiting.told == f"run {run.id} has used 2 of its 2 notices, and one more is due"
    assert waiting.command == f"tend cost cap run {run.id} 4 --of notices"
    thrifty.client.cap("run", run.id, amount=100, what="notices", why="it may")
    wait_until(lambda: at_the_cap_of_calls(thrifty, run.id), "the run waits for calls")
    thrifty.client.answer(thrifty.approval(run.id).id, "yes")
    assert thrifty.ended(run.id).output == 4
    assert [sink.count(f"/calls/{number}") for number in range(4)] == [1, 1, 1, 1]
    told = [notice.text for notice in thrifty.client.notices() if notice.target == "#ops" and notice.skill == "calls"]
    assert sorted(told) == [f"calls {number}" for number in range(4)]
    warned = [notice.text for notice in thrifty.client.notices() if f"run {run.id} has used" in notice.text]
    nearly = [text.partition(". ")[0] for text in warned if "At its cap runs wait for you" in text]
    assert sorted(nearly) == [
        f"run {run.id} has used 2 of its 2 notices",
        f"run {run.id} has used 3 of its 3 HTTP calls",
    ]
    rows = thrifty.query(sa.select(approvals).where(approvals.c.run == run.id).order_by(approvals.c.asked_at))
    asked = [row.id for row in rows]
    assert [row.state for row in rows] == ["void", "approved"], "the first one was made needless by the command"
    changed = thrifty.query(sa.select(audit.c.why).where(audit.c.what == "cap", audit.c.subject == f"run {run.id}"))
    assert [row.why for row in changed] == [
        "2 notices → 100 notices: it may",
        f"3 HTTP calls → 6 HTTP calls: approval {asked[1]}",
    ]


def test_where_two_caps_are_full_it_asks_about_one_and_then_the_other(thrifty: LiveSidecar, sink: Sink) -> None:
    silent = CALLS.replace('        run.notify("#ops", f"NAME {number}")\n', "")
    thrifty.put("both", silent.replace("NAME", "both").replace("HOST", sink.host))
    thrifty.client.cap("skill", "both", amount=3, what="http_calls")
    run = thrifty.client.run_skill("both", 4)
    asked = []
    for _ in range(2):
        approval = thrifty.approval(run.id)
        (waiting,) = thrifty.client.cost(skill="both").waiting
        assert approval.question.startswith(waiting.told)
        asked.append(waiting.command)
        thrifty.client.answer(approval.id, "yes")
    assert asked == [f"tend cost cap {what} 6 --of http_calls" for what in (f"run {run.id}", "both")]
    assert thrifty.ended(run.id).output == 4


def test_a_skill_that_declares_a_budget_waits_there_also_where_another_called_it(thrifty: LiveSidecar) -> None:
    frugal = ASKS.replace("NAME", "frugal").replace("@skill(", "@skill(budget=0.05, ")
    thrifty.put("frugal", frugal)
    card = thrifty.client.skill("frugal").card
    assert card is not None
    assert card.may == ("spends $0.05 at most on the model in a run",)
    thrifty.put("generous", INVOKES)
    above = thrifty.client.run_skill("generous")
    (wait,) = wait_until(lambda: thrifty.client.cost(skill="frugal").waiting, "the run below waits at its own cap")
    assert wait.run != above.id
    assert wait.told.startswith(f"run {wait.run} has used $0.00 of its $0.05"), wait.told
    assert wait.command.startswith(f"tend cost cap run {wait.run} ")
    thrifty.client.cap("run", wait.run, amount=1)
    assert thrifty.ended(above.id).output == ["fine"]
    thrifty.client.cap("run", wait.run, amount=None)
    put_back = sa.select(audit.c.why).where(audit.c.what == "cap", audit.c.subject == f"run {wait.run}")
    assert [row.why for row in thrifty.query(put_back.order_by(audit.c.at))][-1] == "$1.00 → $0.05"
    caps = thrifty.client.cap("run", wait.run, amount=7, what="model_calls")
    assert (caps[-1].subject, caps[-1].what) == (above.id, "model_calls"), "calls are counted for the run at the top"


def test_what_was_reserved_when_the_sidecar_died_is_kept_and_shown(thrifty: LiveSidecar) -> None:
    thrifty.put("hangs", ASKS.replace("NAME", "hangs").replace("How are you?", "Hang"))
    run = thrifty.client.run_skill("hangs", 1)

    def states() -> list[str]:
        found = sa.select(reservations.c.state).where(reservations.c.run == run.id).order_by(reservations.c.seq)
        return [row.state for row in thrifty.query(found)]

    wait_until(lambda: states() == ["reserved"], "the call is reserved")
    thrifty.kill()
    thrifty.start()
    wait_until(lambda: states() == ["kept", "reserved"], "the call is made again, and reserved once more")
    cost = thrifty.client.cost(skill="hangs")
    assert cost.unsettled_usd == cost.under_way_usd > 0
    assert cost.skills[0].usd == pytest.approx(2 * cost.unsettled_usd)
    thrifty.client.cancel(run.id)


def at_the_cap_of_calls(sidecar: LiveSidecar, run: str) -> bool:
    return any(wait.run == run and "HTTP calls" in wait.told for wait in sidecar.client.cost().waiting)


def test_a_cap_that_nobody_raises_ends_the_run_and_trips_no_breaker(thrifty: LiveSidecar) -> None:
    thrifty.put("dear", ASKS.replace("NAME", "dear"))
    thrifty.client.cap("skill", "dear", amount=0.05)
    run = thrifty.client.run_skill("dear", 1)
    thrifty.waits(run.id, "budget")
    thrifty.stop()
    thrifty.change_store(budget_waits.update().where(budget_waits.c.run == run.id).values(expires_at=0))
    thrifty.start()
    ended = thrifty.ended(run.id)
    assert ended.run.error is not None
    assert ended.run.error.type == "budget_exhausted", "the fallback is no way around"
    assert "nobody has raised the cap" in ended.run.error.message
    (step,) = ended.steps
    assert [each.outcome for each in step.attempts] == ["held"]
    assert not thrifty.query(sa.select(breakers).where(breakers.c.skill == "dear"))
    assert thrifty.client.cost(skill="dear").waiting == ()


def test_a_skill_whose_day_is_used_up_is_not_started(thrifty: LiveSidecar) -> None:
    text = ASKS.replace("NAME", "asks_often").replace(", times: int", "").replace("range(times)", "range(1)")
    text = text.replace("import Run", "import Run, event, every").replace("run: Run)", "run: Run, _: str | None)")
    text = text.replace("concurrency=100", 'on=every(timedelta(seconds=1)) | event("ask", str), concurrency=100')
    text = text.replace("\nfrom skills", "\nfrom datetime import timedelta\n\nfrom skills")
    thrifty.put("asks_often", text)
    thrifty.client.cap("skill", "asks_often", amount=0)

    def slots() -> list[views.Slot]:
        return list(thrifty.client.why("asks_often").schedules[0].slots)

    slot = wait_until(lambda: next((one for one in slots() if one.outcome == "over cap"), None), "a slot over its cap")
    assert str(slot.reason).startswith("asks_often on ")
    (delivery,) = thrifty.client.emit("ask", "now").deliveries
    assert delivery.outcome == "over cap"
    (obstacle,) = [one for one in thrifty.client.why("asks_often").obstacles if one.kind == "over cap"]
    assert obstacle.fix.startswith("tend cost cap asks_often 0.1")
    thrifty.client.remove("asks_often")


def test_a_no_ends_the_run(thrifty: LiveSidecar) -> None:
    thrifty.put("unwanted", ASKS.replace("NAME", "unwanted"))
    thrifty.client.cap("skill", "unwanted", amount=0.05)
    run = thrifty.client.run_skill("unwanted", 1)
    asked = thrifty.approval(run.id)
    assert asked.question.endswith("Raise the cap to $0.13, from now on?"), asked.question
    thrifty.client.answer(asked.id, "no")
    ended = thrifty.ended(run.id)
    assert ended.run.error is not None
    assert ended.run.error.type == "budget_exhausted"
    assert ended.run.error.message.endswith("No, said person")


def test_a_chat_at_its_cap_says_so_at_once(thrifty: LiveSidecar) -> None:
    thrifty.client.cap("skill", "agent", amount=0)
    ended = thrifty.ended(thrifty.client.send("Good morning").id)
    assert ended.run.state == "failed"
    answer = thrifty.client.transcript(thrifty.client.sessions()[0].id)[-1].text
    assert "agent on " in answer
    assert "has used $0.00 of its $0.00" in answer
    assert "To let it go on: tend cost cap agent 1." in answer


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"scope": "skill", "subject": "nobody", "amount": 1}, "there is no skill 'nobody'"),
        ({"scope": "run", "subject": "ffff", "amount": 1}, "there is no run 'ffff'"),
        ({"scope": "day", "amount": -1}, "from 0 to 1,000,000,000, not -1"),
        ({"scope": "run", "subject": "", "amount": 1}, "there is no run ''"),
        ({"scope": "month", "amount": 5, "what": "notices"}, "not for the month as a whole"),
    ],
)
def test_a_cap_that_is_none_is_refused(thrifty: LiveSidecar, asked: dict[str, object], told: str) -> None:
    with pytest.raises(Refused, match=told):
        thrifty.client.cap(**asked)  # type: ignore[arg-type] # one mistake each
