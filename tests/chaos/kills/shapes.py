"""The shapes that a run may have, each as a skill, with what it asks of the world when nothing goes wrong.

Each skill is given a word of its own, by which the world can tell its requests from those of other runs.
"""

from __future__ import annotations

from dataclasses import dataclass

HEAD = '''"""One shape of a run."""

from datetime import timedelta

from skills import Run, Skill, http, skill, step

below = Skill.named("child", takes=str, returns=str)


@step(attempts=6, backoff=timedelta(milliseconds=10))
def call(path: str, key: str) -> str:
    http.post(f"http://HOST/{path}", headers={"idempotency-key": key}).raise_for_status()
    return path


@step(attempts=6, backoff=timedelta(milliseconds=10))
def call_item(item: tuple[str, str]) -> str:
    http.post(f"http://HOST/{item[0]}", headers={"idempotency-key": item[1]}).raise_for_status()
    return item[0]


@step(irreversible=True, answer_within=timedelta(hours=1), on_expiry="no")
def wipe(path: str) -> str:
    http.post(f"http://HOST/{path}").raise_for_status()
    return path


@skill(hosts=["HOST"], concurrency=50)
def NAME(run: Run, word: str) -> str:
'''


@dataclass(frozen=True)
class Shape:
    name: str
    body: str
    asked: dict[str, int]  # path below the word → how often
    ends: str = "succeeded"
    refusals: int = 0  # 503s that the world answers to "flaky" first

    def text(self, host: str) -> str:
        lines = "".join(f"    {line}\n" for line in self.body.strip().split("\n"))
        return (HEAD + lines).replace("HOST", host).replace("NAME", self.name)


CHILD = Shape(
    "child",
    """
run.step(call, f"{word}/child", run.key("child"))
run.sleep(timedelta(milliseconds=20))
run.step(call, f"{word}/child_again", run.key("child again"))
return "from the child"
""",
    {},
)

SHAPES = (
    Shape(
        "serial",
        """
for number in range(4):
    run.step(call, f"{word}/{number}", run.key(f"{number}"))
run.notify("#kills", word)
return "done"
""",
        {"0": 1, "1": 1, "2": 1, "3": 1},
    ),
    Shape(
        "map",
        """
items = [(f"{word}/{name}", run.key(name)) for name in "abcdef"]
return f"done {len(run.map(call_item, items, at_once=3))}"
""",
        dict.fromkeys("abcdef", 1),
    ),
    Shape(
        "retry",
        """
run.step(call, f"{word}/flaky", run.key("flaky"))
run.step(call, f"{word}/after", run.key("after"))
return "done"
""",
        {"flaky": 3, "after": 1},
        refusals=2,
    ),
    Shape(
        "sleep",
        """
for number in range(2):
    run.step(call, f"{word}/{number}", run.key(f"{number}"))
    run.sleep(timedelta(milliseconds=50))
run.step(call, f"{word}/last", run.key("last"))
return f"done {run.now.year > 2000}"
""",
        {"0": 1, "1": 1, "last": 1},
    ),
    Shape(
        "sub_run",
        """
run.step(call, f"{word}/before", run.key("before"))
said = run.invoke(below, word)
run.step(call, f"{word}/after", run.key("after"))
return f"done {said}"
""",
        {"before": 1, "child": 1, "child_again": 1, "after": 1},
    ),
    Shape(
        "approval",
        """
run.step(call, f"{word}/before", run.key("before"))
first = run.approve("Go on?")
second = run.approve("And further?", expires_in=timedelta(hours=1), on_expiry="no")
run.step(call, f"{word}/after", run.key("after"))
return f"done {bool(first)} {bool(second)}"
""",
        {"before": 1, "after": 1},
    ),
    Shape(
        "irreversible",
        """
run.step(call, f"{word}/before", run.key("before"))
wiped = run.step_if_approved("Wipe it?", wipe, f"{word}/wiped")
run.step(call, f"{word}/after", run.key("after"))
return f"done {wiped is not None}"
""",
        {"before": 1, "wiped": 1, "after": 1},
    ),
    Shape(
        "cancel",
        """
run.step(call, f"{word}/before", run.key("before"))
run.invoke(below, word)
run.sleep(timedelta(days=1))
run.step(call, f"{word}/never", run.key("never"))
return "never"
""",
        {"before": 1, "child": 1, "child_again": 1},
        ends="cancelled",
    ),
)
