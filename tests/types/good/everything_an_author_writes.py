"""What has to pass mypy strict, with the types that come out."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Literal, assert_type
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from skills import (
    Approval,
    Approved,
    Expect,
    Failure,
    Run,
    Skill,
    Step,
    StepFailed,
    at,
    cron,
    event,
    every,
    failed,
    files,
    http,
    skill,
    step,
    succeeded,
)
from skills.testing import Rehearsal, rehearse


class Order(BaseModel):
    id: str
    amount: Decimal


@step
def fetch(name: str, copies: int = 1) -> Order:
    return Order.model_validate_json(http.get(f"https://x.example/{name}", params={"n": copies}).content)


@step(attempts=3, backoff=timedelta(seconds=2), timeout=timedelta(minutes=1), give_up_on=(ValueError, KeyError))
def list_days(*names: str) -> list[date]:
    return [date.fromisoformat(name) for name in names]


@step
def store(order: Order) -> None:
    files.write(f"orders/{order.id}.json", order.model_dump_json())


@step(irreversible=True, does="pays", answer_within=timedelta(hours=1), on_expiry="no", timeout=timedelta(minutes=1))
def send(order: Order) -> str:
    return order.id


takes_the_step: Step[..., Order] = fetch


@skill(
    on=cron("0 9 * * *", tz="Europe/Berlin")
    | every(timedelta(hours=1))
    | at(datetime(2027, 1, 1, tzinfo=ZoneInfo("UTC"))),
    hosts=["x.example"],
    writes=("orders/*.json",),
    expect=Expect(within=timedelta(minutes=1), silence_at_most=timedelta(days=1)),
    catch_up="all",
)
def scheduled(run: Run) -> Order:
    order = run.step(fetch, "a", copies=2)
    assert_type(order, Order)
    assert_type(run.step(list_days, "2027-01-01"), list[date])
    run.step(store, order)
    assert_type(run.map(fetch, ["a", "b"]), list[Order])
    assert_type(run.map(fetch, ("a", "b"), at_once=2, failures="return"), list[Order | StepFailed])
    assert_type(run.map(store, [order]), list[None])
    assert_type(run.step_if_approved("Send it?", send, order), Approved[str] | None)
    if sent := run.step_if_approved("Send it?", send, order=order):
        assert_type(sent.result, str | None)
    assert_type(run.ask("Which?", order, 3, returns=Literal["a", "b"]), Literal["a", "b"])
    assert_type(run.ask("Which?", [order], returns=list[Order], fallback=list), list[Order])
    assert_type(run.ask("Maybe?", returns=Order | None), Order | None)
    assert_type(run.state.get("seen", int), int | None)
    assert_type(run.state.get("seen", list[str], []), list[str])
    assert_type(run.approve("Go on?", expires_in=timedelta(hours=1), on_expiry="no"), Approval)
    assert_type(run.now, datetime)
    run.log("order", level="debug", order=order, amount=order.amount)
    return order


@scheduled.on_failure
def tell(run: Run, failure: Failure) -> None:
    run.notify("#ops", failure.message)


@skill()
def called(run: Run, order: Order) -> str:
    other = Skill.named("other", takes=Order, returns=list[int])
    assert_type(run.invoke(other, order), list[int])
    assert_type(run.invoke(Skill.named("plain", returns=str)), str)
    assert_type(run.invoke(called, order), str)
    assert_type(run.start(other, order), str)
    return order.id


class Refund(BaseModel):
    order: str


@skill(
    on=event(
        "order.paid",
        Order,
        key=lambda order: order.id,
        rate_limit=(10, timedelta(hours=1)),
        debounce=timedelta(seconds=30),
    ),
    concurrency=1,
    overlap="skip",
    priority=-2,
    deadline=timedelta(hours=2),
    budget=0.50,
)
def on_event(run: Run, order: Order) -> str:
    run.emit("order.sent", order, id=f"sent-{order.id}")
    run.emit("counted", 3)
    run.emit("done")
    paid = run.wait_for("order.paid", Order, timeout=timedelta(days=1), key=lambda paid: paid.id, equals=order.id)
    assert_type(paid, Order | None)
    assert_type(run.wait_for("counted", int, timeout=timedelta(days=1)), int | None)
    return run.invoke(on_event, order)


@skill(on=succeeded("other", Refund) | failed("other"))
def after_another(run: Run, end: Refund | Failure) -> None: ...


@skill(on=event("a", Order) | event("b", Refund))
def on_either(run: Run, what: Order | Refund) -> None: ...


@skill(on=cron("0 9 * * *") | event("a", Order) | every(timedelta(hours=1)) | event("b", list[int]))
def on_schedule_or_event(run: Run, what: Order | list[int] | None = None) -> None: ...


@skill(hosts=["x.example"])
def without_payload(run: Run) -> None:
    run.invoke(scheduled)


assert_type(rehearse(called, Order(id="a", amount=Decimal(1)), steps={"fetch": None}), Rehearsal[str])


@step
def find_sent(order: Order) -> str | None:
    return None


@step(irreversible=True, answer_within=timedelta(hours=1), on_expiry="fail", lookup=find_sent)
def send_once(order: Order) -> str:
    return order.id


@skill()
def with_a_look_up(run: Run, order: Order) -> None:
    assert_type(run.step_if_approved("Send it?", send_once, order), Approved[str] | None)
