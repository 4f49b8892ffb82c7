"""kill -9 while a run goes through steps, a retry, a sleep, a sub-run, an approval, a notice and state."""

from __future__ import annotations

import pytest

from tests.crash.story import Struck, broken_connections, lost_tries, new_run
from tests.support.live_sidecar import LiveSidecar
from tests.support.sink import Sink

pytestmark = broken_connections

CHILD = '''"""Called by the story."""

from skills import Run, http, skill, step


@step
def in_the_child(key: str) -> int:
    return int(http.post("http://HOST/child", headers={"idempotency-key": key}).json()["count"])


@skill(hosts=["HOST"], concurrency=9)
def child(run: Run) -> str:
    run.step(in_the_child, run.key("child"))
    return "from the child"
'''

STORY = '''"""Everything that a run can do."""

from datetime import timedelta

from skills import Run, Skill, files, http, skill, step

child = Skill.named("child", returns=str)


@step(attempts=3, backoff=timedelta(milliseconds=10))
def call(path: str, key: str) -> str:
    http.post(f"http://HOST/{path}", headers={"idempotency-key": key}).raise_for_status()
    return path


@step
def write(text: str) -> str:
    files.write("out/story.txt", text)
    return "written"


@skill(hosts=["HOST"], writes=["out/*.txt"], concurrency=9)
def story(run: Run) -> str:
    told = run.state.get("told", int, 0)
    first = run.step(call, "first", run.key("first"))
    run.step(call, "flaky", run.key("flaky"))
    run.sleep(timedelta(milliseconds=50))
    said = run.invoke(child)
    approved = run.approve("Go on?")
    run.notify("#story", f"{first} {said} {bool(approved)}")
    run.step(write, f"{run.now.isoformat()}")
    run.state.put("told", told + 1)
    run.log("the end")
    return f"{first} {said} {bool(approved)} {told}"
'''

POINTS = [
    ("dispatcher.claimed", 1),
    ("attempt.answer.before", 2),
    ("store.commit.after", 6),
    ("effects.perform.after", 1),
    ("effects.record.after", 1),
    ("journal.finish.before", 1),
    ("journal.fail.before", 1),
    ("requests.state.get.after", 1),
    ("requests.sleep.after", 1),
    ("requests.invoke.before", 1),
    ("requests.invoke.after", 1),
    ("requests.approve.before", 1),
    ("requests.approve.after", 1),
    ("requests.notify.after", 1),
    ("requests.state.put.after", 1),
    ("outcome.conclude.before", 1),  # the first suspension
    ("outcome.conclude.before", 4),  # an end
    ("approvals.answered", 1),
    ("worker.start", 1),
    ("worker.begin.after", 1),
    ("worker.effect.after", 1),
    ("worker.finish.before", 1),
    ("worker.finish.after", 1),
    ("worker.end.before", 1),
    ("gateway.http.before", 1),
    ("gateway.http.after", 1),
]


@pytest.fixture
def world(sink: Sink) -> Sink:
    sink.forget()
    sink.replies["/flaky"].append((503, {}))
    return sink


@pytest.mark.parametrize(("point", "times"), POINTS)
def test_a_run_is_told_to_its_end_and_nothing_is_done_twice(
    sidecar: LiveSidecar, world: Sink, point: str, times: int
) -> None:
    sidecar.put("child", CHILD.replace("HOST", world.host))
    sidecar.put("story", STORY.replace("HOST", world.host))
    known = {run.id for run in sidecar.client.runs(skill="story")}
    notices = len(sidecar.client.notices(limit=1000))
    struck = Struck(sidecar, point, times)

    started = start_once(struck, known)
    question = struck.until(
        lambda: next((item.id for item in sidecar.client.approvals() if item.run == started), None), "asks"
    )
    struck.answer(question, "yes")
    detail = struck.ended(started)

    assert detail.output == f"first from the child True {len(known)}"
    assert len(sidecar.client.notices(limit=1000)) == notices + 1
    assert [line.message for line in detail.logs] == ["the end"]
    (child,) = detail.children
    assert set(world.paths()) == {"/first", "/flaky", "/child"}
    assert all(len(world.keys(path)) == 1 for path in world.paths()), "a repeated step has the same key"
    repeats = world.paths().total() - 4  # first, flaky twice, child
    lost = lost_tries(detail) + lost_tries(sidecar.client.run(child.id))
    assert 0 <= repeats <= 1, "one crash repeats one body at most"
    assert repeats <= lost or point.startswith("gateway."), "what was repeated is on record"


def question_of(sidecar: LiveSidecar, run: str) -> str | None:
    return next((item.id for item in sidecar.client.approvals() if item.run == run), None)


def start_once(struck: Struck, known: set[str]) -> str:
    """A person starts the run, and looks whether it is there before they try again."""
    client = struck.sidecar.client
    if (run := struck.say(lambda: client.run_skill("story"))) is None:
        run = struck.until(
            lambda: new_run(struck, "story", known) or struck.sidecar.client.run_skill("story"), "the run is started"
        )
    return run.id
