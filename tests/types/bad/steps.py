"""Each line with `# E: ...` has to be refused, with that in the one message about it."""
# ruff: noqa: B018, F841

from datetime import timedelta

from pydantic import BaseModel

from skills import Run, http, skill, step


class Order(BaseModel):
    id: str


@step
def fetch(name: str, copies: int = 1) -> Order:
    return Order(id=name * copies)


@step  # E: "JsonResult" of "step" cannot be "bytes"
def result_is_bytes() -> bytes:
    return b""


@step(attempts=2)  # E: cannot be "set[str]"
def result_is_a_set() -> set[str]:
    return set()


@step  # E: cannot be "Reply"
def result_is_a_reply() -> http.Reply:
    return http.get("https://x.example")


@step  # E: cannot be "Coroutine[Any, Any, int]"
async def is_async() -> int:
    return 1


@step
def has_no_annotations(name):  # E: Function is missing a type annotation
    return name


@step
def wrong_return() -> int:
    return "three"  # E: got "str", expected "int"


@step(timeout=30)  # E+: timeout: timedelta | None
def timeout_in_seconds() -> int:
    return 1


@step(attempt=3)  # E+: did you mean "attempts"?
def unknown_option() -> int:
    return 1


@step(irreversible=True, answer_within=timedelta(hours=1), on_expiry="no")
def wipe(disk: str) -> str:
    return disk


@step(irreversible=True)  # E+: No overload variant of "step" matches
def wipe_again() -> None: ...


@step
def find_wiped(disk: str) -> str | None:
    return None


@step(  # E: "Callable[[int], str]"; expected "Callable[[str], str]"
    irreversible=True, lookup=find_wiped, answer_within=timedelta(hours=1), on_expiry="no"
)
def wipe_number(disk: int) -> str:
    return ""


@step(  # E: "Callable[[str], int]"; expected "Callable[[str], str]"
    irreversible=True, lookup=find_wiped, answer_within=timedelta(hours=1), on_expiry="no"
)
def wipe_to_a_number(disk: str) -> int:
    return 1


@skill()
def body(run: Run) -> None:
    run.step(wipe, "a")  # E: has incompatible type "Irreversible[[str], str]"; expected "Step[
    run.map(wipe, ["a"])  # E: No overload variant of "map" of "Run" matches argument types "Irreversible[[str], str]"
    wipe("a")  # E: "Irreversible[[str], str]" not callable
    run.step_if_approved("Wipe?", fetch, "a")  # E: incompatible type "Step[[str, int], Order]"; expected "Irreversible[
    run.step_if_approved("Wipe?", wipe, 1)  # E: has incompatible type "int"; expected "str"
    run.step_if_approved(wipe, "a")  # E+: has incompatible type "Irreversible[[str], str]"; expected "str"
    run.step_if_approved("Wipe?", wipe, "a").by  # E: Item "None" of "Approved[str] | None" has no attribute "by"
    run.step(fetch, 1)  # E: Argument 2 to "step" of "Run" has incompatible type "int"; expected "str"
    run.step(fetch)  # E: Missing positional argument "name" in call to "step" of "Run"
    run.step(fetch, "a", copys=2)  # E: Unexpected keyword argument "copys" for "step" of "Run"
    run.step(fetch, "a", 1, 2)  # E: Too many arguments for "step" of "Run"
    fetch("a")  # E: "Step[[str, int], Order]" not callable
    run.step(fetch("a"))  # E: "Step[[str, int], Order]" not callable
    run.step(lambda: 3)  # E: has incompatible type "Callable[[], int]"; expected "Step[
    run.step("fetch", fetch, "a")  # E: has incompatible type "str"; expected "Step[
    run.step(http.get, "https://x.example")  # E: expected "Step[
    run.map(fetch, [1])  # E: incompatible type "Step[[str, int], Order]"; expected "Step[[int], Order]"
    run.map(fetch("a"), ["a"])  # E: "Step[[str, int], Order]" not callable
    run.map(wrong_return, ["a"])  # E: incompatible type "Step[[], int]"; expected "Step[[str], int]"
    run.map(fetch, {"a"})  # E: No overload variant of "map" of "Run" matches argument types "Step[[str, int], Order]",
    run.map(fetch, ["a"], failures="ignore")  # E: No overload variant of "map" of "Run"
    orders: list[Order] = run.map(fetch, ["a"], failures="return")  # E: has type "list[Order | StepFailed]", variable
    number: int = run.step(fetch, "a")  # E: has type "Order", variable has type "int"
    run.step(fetch, "a").nmae  # E: "Order" has no attribute "nmae"
    run.sleep(5)  # E: Argument 1 to "sleep" of "Run" has incompatible type "int"; expected "timedelta"
    run.sleep(seconds=5)  # E: Unexpected keyword argument "seconds"
    run.approve("Go?", expires_in=timedelta(hours=1))  # E: No overload variant of "approve" of "Run" matches argument
    run.notify("#ops")  # E: Missing positional argument "text" in call to "notify" of "Run"
    run.emit("sent", b"")  # E: Argument 2 to "emit" of "Run" has incompatible type "bytes"
    run.emit(fetch)  # E: Argument 1 to "emit" of "Run" has incompatible type "Step[[str, int], Order]"; expected "str"
    run.emit("sent", 1, "A7")  # E: Too many positional arguments for "emit" of "Run"
    run.wait_for("paid", Order)  # E: Missing named argument "timeout" for "wait_for" of "Run"
    run.wait_for("paid", Order, timeout=60)  # E: Argument "timeout" to "wait_for" of "Run" has incompatible type "int"
    hour = timedelta(hours=1)
    run.wait_for("paid", Order, timeout=hour, key=lambda o: o.customer)  # E: "Order" has no attribute "customer"
    run.wait_for("paid", Order, timeout=hour, key="id", equals="A7")  # E: Argument "key" to "wait_for" of "Run"
    run.wait_for("paid", Order, timeout=hour).id  # E: Item "None" of "Order | None" has no attribute "id"
    run.now()  # E: "datetime" not callable
    run.wait(timedelta(seconds=1))  # E: "Run" has no attribute "wait"
    run.log("x", reply=b"")  # E: Argument "reply" to "log" of "Run" has incompatible type "bytes"
