"""A run waits for an event without a process, and gets one that came before it began to wait."""

from __future__ import annotations

from tests.support.live_sidecar import LiveSidecar
from tests.support.waiting import wait_until

WAITING = '''"""Wait for a payment."""

from datetime import timedelta

from pydantic import BaseModel

from skills import Run, event, skill


class Paid(BaseModel):
    order: str
    cents: int = 0


def told(paid: Paid | None) -> str:
    return "no payment" if paid is None else f"{paid.order} {paid.cents}"


@skill(HEAD, concurrency=9)
def NAME(run: Run, order: str) -> str:
    BODY
'''

WAIT = 'run.wait_for("NAME.paid", Paid, timeout=timedelta(minutes=5))'
FOR_ORDER = WAIT.replace("minutes=5)", "minutes=5), key=lambda paid: paid.order, equals=order")

FOR_CENTS = WAIT.replace("minutes=5)", "minutes=5), key=lambda paid: paid.cents, equals=7")


def waiting(name: str, body: str, *, head: str = "") -> str:
    return WAITING.replace("HEAD, ", f"{head}, " if head else "").replace("BODY", body).replace("NAME", name)


def test_an_event_answers_a_run_that_waits(sidecar: LiveSidecar) -> None:
    sidecar.put("waits", waiting("waits", f"return told({WAIT})"))
    run = sidecar.client.run_skill("waits", "A7").id
    assert sidecar.waits(run, "wait_for").attempts[-1].outcome == "suspended"
    sent = sidecar.client.emit("waits.paid", {"order": "A7", "cents": 3})
    assert [(each.skill, each.outcome, each.run) for each in sent.deliveries] == [("waits", "answered", run)]
    assert sidecar.ended(run).output == "A7 3"


def test_an_event_that_came_before_the_wait_counts(sidecar: LiveSidecar) -> None:
    body = f'run.approve("Ready?")\n    return told({WAIT})'
    sidecar.put("late_waits", waiting("late_waits", body))
    sidecar.client.emit("late_waits.paid", {"order": "too early"})
    run = sidecar.client.run_skill("late_waits", "A7").id
    question = sidecar.approval(run)
    sidecar.client.emit("late_waits.paid", {"order": "in time"})
    sidecar.client.answer(question.id, "yes")
    assert sidecar.ended(run).output == "in time 0"


def test_of_those_that_came_before_only_the_one_with_its_number_counts(sidecar: LiveSidecar) -> None:
    body = f'run.approve("Ready?")\n    return told({FOR_CENTS})'
    sidecar.put("by_number", waiting("by_number", body))
    run = sidecar.client.run_skill("by_number", "A7").id
    question = sidecar.approval(run)
    for cents in ("many", 12.5, 3_000_000_000, True, 7):
        sidecar.client.emit("by_number.paid", {"order": "A7", "cents": cents})
    sidecar.client.answer(question.id, "yes")
    assert sidecar.ended(run).output == "A7 7"


def test_a_run_gets_each_event_once_in_the_order_in_which_they_came(sidecar: LiveSidecar) -> None:
    body = f'run.approve("Ready?")\n    return " ".join(told({WAIT}) for _ in range(3))'
    sidecar.put("many", waiting("many", body))
    run = sidecar.client.run_skill("many", "A7").id
    question = sidecar.approval(run)
    for order in ("a", "b", "c"):
        sidecar.client.emit("many.paid", {"order": order})
    sidecar.client.answer(question.id, "yes")
    assert sidecar.ended(run).output == "a 0 b 0 c 0"


def test_the_event_that_started_a_run_is_not_the_one_it_waits_for(sidecar: LiveSidecar) -> None:
    text = waiting("second", f"return told({WAIT})", head='on=event("second.paid", Paid)')
    sidecar.put("second", text.replace("order: str)", "paid: Paid)"))
    run = sidecar.client.emit("second.paid", {"order": "first"}).deliveries[0].run
    assert run is not None
    sidecar.waits(run, "wait_for")
    sent = sidecar.client.emit("second.paid", {"order": "second"})
    assert [each.outcome for each in sent.deliveries] == ["started", "answered"]
    assert sidecar.ended(run).output == "second 0"


def test_each_run_gets_the_event_with_its_value(sidecar: LiveSidecar) -> None:
    body = f'run.approve("Ready?")\n    return told({FOR_ORDER})'
    sidecar.put("keyed", waiting("keyed", body))
    early, late = (sidecar.client.run_skill("keyed", order).id for order in ("early", "late"))
    sidecar.client.answer(sidecar.approval(late).id, "yes")
    sidecar.waits(late, "wait_for")
    for order, cents in (("other", 1), ("early", 2), ("late", 3)):
        sidecar.client.emit("keyed.paid", {"order": order, "cents": cents})
    assert sidecar.ended(late).output == "late 3"
    sidecar.client.answer(sidecar.approval(early).id, "yes")
    assert sidecar.ended(early).output == "early 2"


def test_when_the_time_is_up_the_answer_is_none(sidecar: LiveSidecar) -> None:
    sidecar.put("impatient", waiting("impatient", f"return told({WAIT})".replace("minutes=5", "seconds=1")))
    ended = sidecar.run("impatient", "A7")
    assert ended.output == "no payment"
    assert [step.kind for step in ended.steps] == ["wait_for"]


def test_a_wait_goes_on_through_a_restart_and_is_answered_after_it(sidecar: LiveSidecar) -> None:
    sidecar.put("patient", waiting("patient", f"return told({WAIT})"))
    run = sidecar.client.run_skill("patient", "A7").id
    before = sidecar.waits(run, "wait_for").run.wake_at
    sidecar.kill()
    sidecar.start()
    assert sidecar.client.run(run).run.wake_at == before
    sidecar.client.emit("patient.paid", {"order": "A7"})
    assert sidecar.ended(run).output == "A7 0"


def test_a_payload_of_the_wrong_type_fails_the_run_that_waits_for_it(sidecar: LiveSidecar) -> None:
    sidecar.put("strict", waiting("strict", f"return told({WAIT})"))
    run = sidecar.client.run_skill("strict", "A7").id
    sidecar.waits(run, "wait_for")
    sidecar.client.emit("strict.paid", {"cents": 3})
    error = sidecar.ended(run).run.error
    assert error is not None
    assert error.type == "WrongType"
    assert "payload of event 'strict.paid': order: Field required" in error.message


def test_two_runs_wait_for_the_same_event(sidecar: LiveSidecar) -> None:
    sidecar.put("both", waiting("both", f"return told({WAIT})"))
    runs = [sidecar.client.run_skill("both", "A7").id for _ in range(2)]
    for run in runs:
        sidecar.waits(run, "wait_for")
    sidecar.client.emit("both.paid", {"order": "A7"})
    assert [sidecar.ended(run).output for run in runs] == ["A7 0", "A7 0"]


def test_a_rehearsal_does_not_wait(sidecar: LiveSidecar) -> None:
    sidecar.put("rehearsed", waiting("rehearsed", f"return told({WAIT})"))
    assert sidecar.run("rehearsed", "A7", rehearsal=True).output == "no payment"


def test_a_run_that_is_cancelled_waits_no_more(sidecar: LiveSidecar) -> None:
    sidecar.put("given_up", waiting("given_up", f"return told({WAIT})"))
    run = sidecar.client.run_skill("given_up", "A7").id
    sidecar.waits(run, "wait_for")
    sidecar.client.cancel(run)
    assert sidecar.client.emit("given_up.paid", {"order": "A7"}).deliveries == ()
    wait_until(lambda: sidecar.state(run) == "cancelled", "it stays cancelled")
