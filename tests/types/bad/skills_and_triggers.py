"""Each line with `# E: ...` has to be refused, with that in the one message about it."""

from datetime import timedelta

from pydantic import BaseModel

from skills import Expect, Failure, Run, at, cron, event, every, failed, skill, succeeded


class Order(BaseModel):
    id: str


@skill(on=cron("0 9 * * *"))  # E: "Callable[[Run, Order], None]"; expected "Callable[[Run], None]"
def cron_with_payload(run: Run, order: Order) -> None: ...


@skill(on=cron("0 9 * * *"))  # E: "Callable[[], None]"; expected "Callable[[Run], None]"
def scheduled_without_run() -> None: ...


@skill()  # E: "Callable[[], None]"; expected "Callable[[Run], None]"
def called_without_run() -> None: ...


@skill()  # E: "Callable[[Order], None]"; expected "Callable[[Run], None]"
def payload_only(order: Order) -> None: ...


@skill(on=every(timedelta(hours=1)))  # E: cannot be "bytes"
def output_is_bytes(run: Run) -> bytes:
    return b""


@skill  # E+: Too many positional arguments for "skill"
def no_parentheses(run: Run) -> None: ...


@skill(on="0 9 * * *")  # E: Argument "on" to "skill" has incompatible type "str"; expected "Trigger[
def trigger_is_text(run: Run) -> None: ...


@skill(on=[cron("0 9 * * *")])  # E: Argument "on" to "skill" has incompatible type "list[Trigger[
def triggers_in_a_list(run: Run) -> None: ...


@skill(on=every(30))  # E: Argument 1 to "every" has incompatible type "int"; expected "timedelta"
def interval_in_seconds(run: Run) -> None: ...


@skill(on=at("2027-01-01"))  # E: Argument 1 to "at" has incompatible type "str"; expected "datetime"
def time_as_text(run: Run) -> None: ...


class Refund(BaseModel):
    cents: int


@skill(on=event("order.paid", Order))  # E: "Callable[[Run], None]"; expected "Callable[[Run, Order], None]"
def event_without_payload(run: Run) -> None: ...


@skill(on=event("order.paid", Order))  # E: "Callable[[Run, Refund], None]"; expected "Callable[[Run, Order], None]"
def event_with_another_payload(run: Run, refund: Refund) -> None: ...


@skill(on=event("a", Order) | event("b", Refund))  # E: expected "Callable[[Run, Order | Refund], None]"
def one_payload_of_two(run: Run, order: Order) -> None: ...


@skill(on=event("a", Order) | cron("0 9 * * *"))  # E: expected "Callable[[Run, Order | None], None]"
def no_payload_from_the_schedule(run: Run, order: Order) -> None: ...


@skill(on=event("order.paid"))  # E: Missing positional argument "payload" in call to "event"
def event_without_a_type(run: Run, order: Order) -> None: ...


@skill(on=event("a", Order, rate_limit=10))  # E: Argument "rate_limit" to "event" has incompatible type "int"
def rate_without_a_time(run: Run, order: Order) -> None: ...


@skill(on=event("a", Order, debounce=30))  # E: Argument "debounce" to "event" has incompatible type "int"
def quiet_in_seconds(run: Run, order: Order) -> None: ...


@skill(overlap="replace")  # E: "overlap" to "skill" has incompatible type "Literal['replace']"
def no_such_overlap(run: Run) -> None: ...


@skill(deadline=60)  # E: Argument "deadline" to "skill" has incompatible type "int"; expected "timedelta
def deadline_in_seconds(run: Run) -> None: ...


@skill(on=event("a", bytes))  # E: "EventPayload" of "event" cannot be "bytes"
def payload_is_bytes(run: Run, payload: bytes) -> None: ...


@skill(on=event("a", Order, key=lambda order: order.customer))  # E: "Order" has no attribute "customer"
def key_is_no_field(run: Run, order: Order) -> None: ...


@skill(on=event("a", Order, key="id"))  # E: Argument "key" to "event" has incompatible type "str"
def key_as_text(run: Run, order: Order) -> None: ...


@skill(on=succeeded("other", Order))  # E: "Callable[[Run], None]"; expected "Callable[[Run, Order], None]"
def after_another_without_its_result(run: Run) -> None: ...


@skill(on=failed("other"))  # E: "Callable[[Run, str], None]"; expected "Callable[[Run, Failure], None]"
def failure_as_text(run: Run, failure: str) -> None: ...


@skill(on=failed("other", Order))  # E: Too many arguments for "failed"
def failure_with_a_type(run: Run, failure: Failure) -> None: ...


@skill(on=event("a", Order) | "b")  # E+: No overload variant of "__or__" of "Trigger" matches argument type "str"
def trigger_joined_with_text(run: Run, order: Order) -> None: ...


@skill(timeout=timedelta(minutes=5))  # E: Unexpected keyword argument "timeout" for "skill"
def unknown_option(run: Run) -> None: ...


@skill(hosts="x.example")  # E: Argument "hosts" to "skill" has incompatible type "str"
def one_host_as_text(run: Run) -> None: ...


@skill(catch_up="newest")  # E: Argument "catch_up" to "skill" has incompatible type
def unknown_policy(run: Run) -> None: ...


@skill(expect=Expect(end=timedelta(minutes=5)))  # E: Unexpected keyword argument "end" for "Expect"
def unknown_expectation(run: Run) -> None: ...


@skill(expect=Expect(within=300))  # E: has incompatible type "int"; expected "timedelta | None"
def expectation_in_seconds(run: Run) -> None: ...


@skill()
def good(run: Run, order: Order) -> str:
    return order.id


@good.on_failure  # E: Argument 1 to "on_failure" of "Skill" has incompatible type "Callable[[Run], None]"
def handler_without_failure(run: Run) -> None: ...


@good.on_failure  # E: Argument 1 to "on_failure" of "Skill" has incompatible type
def handler_with_the_payload(run: Run, order: Order, failure: Failure) -> None: ...
