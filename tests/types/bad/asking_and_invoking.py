"""Each line with `# E: ...` has to be refused, with that in the one message about it."""
# ruff: noqa: B018, F841

from pydantic import BaseModel

from skills import Run, Skill, files, http, skill


class Order(BaseModel):
    id: str


convert = Skill.named("convert", takes=Order, returns=float)


@skill()
def body(run: Run) -> None:
    run.ask("Which?")  # E: Missing named argument "returns" for "ask" of "Run"
    number: int = run.ask("Which?", returns=str)  # E: has type "str", variable has type "int"
    run.ask("Which?", returns=3)  # E: Argument "returns" to "ask" of "Run" has incompatible type "int"
    run.ask("Which?", returns=bytes)  # E: "JsonResult" of "ask" of "Run" cannot be "bytes"
    run.ask("Which?", b"", returns=str)  # E: Argument 2 to "ask" of "Run" has incompatible type "bytes"
    run.ask("Which?", returns=int, fallback=3)  # E: "fallback" to "ask" of "Run" has incompatible type "int"
    run.invoke(convert, "A7")  # E: Argument 2 to "invoke" of "Run" has incompatible type "str"; expected
    run.invoke(convert)  # E: Too few arguments for "invoke" of "Run"
    run.start(convert, "A7")  # E: Argument 2 to "start" of "Run" has incompatible type "str"; expected "Order"
    run.start("convert", Order(id="A7"))  # E: has incompatible type "str"; expected "Skill[
    amount: float = run.start(convert, Order(id="A7"))  # E: has type "str", variable has type "float"
    run.invoke("convert", Order(id="A7"))  # E: has incompatible type "str"; expected "Skill[
    text: str = run.invoke(convert, Order(id="A7"))  # E: has type "float", variable has type "str"
    run.state.get("n", int) + 1  # E: Unsupported operand types for + ("None" and "int")
    total: int = run.state.get("n", int, "0")  # E: variable has type "int"
    run.state.put("n", b"")  # E: Argument 2 to "put" of "State" has incompatible type "bytes"
    http.get("https://x.example", json={})  # E: Unexpected keyword argument "json" for "get"
    http.get("https://x.example").body  # E: "Reply" has no attribute "body"
    files.write("a.txt", b"")  # E: Argument 2 to "write" has incompatible type "bytes"; expected "str"
