"""A rehearsal reads for real, and writes, notifies, asks and remembers nothing."""

from __future__ import annotations

import pytest

from tests.support.live_sidecar import LiveSidecar
from tests.support.sink import Sink

SKILL = '''"""Read, write, tell, ask, remember."""

from datetime import timedelta

from skills import Run, files, http, skill, step


@step
def read() -> int:
    return int(http.get("http://HOST/read").json()["count"])


@step
def write(count: int) -> str:
    http.post("http://HOST/written", json={"count": count})
    files.write("out/count.txt", str(count))
    return files.read("out/count.txt")


@skill(hosts=["HOST"], writes=["out/*.txt"])
def everything(run: Run) -> str:
    count = run.step(read)
    run.notify("#counts", f"{count}")
    run.sleep(timedelta(days=1))
    approved = run.approve("Write it?")
    run.state.put("count", count)
    if run.rehearsal:
        return f"{count} {bool(approved)}"
    return run.step(write, count)
'''


def test_a_rehearsal_reads_and_leaves_nothing_behind(sidecar: LiveSidecar, sink: Sink) -> None:
    sidecar.put("everything", SKILL.replace("HOST", sink.host))
    ended = sidecar.run("everything", rehearsal=True)
    assert ended.output == "1 False"
    assert ended.run.trigger == "rehearsal"
    assert sink.paths() == {"/read": 1}
    assert sidecar.client.notices() == []
    assert sidecar.client.approvals() == []
    assert sidecar.run("everything", rehearsal=True).output == "2 False"


def test_what_a_rehearsed_step_writes_is_recorded_and_not_sent(sidecar: LiveSidecar, sink: Sink) -> None:
    text = SKILL.replace("everything", "recorded").replace("HOST", sink.host)
    text = text.replace("if run.rehearsal", "if count < 0")
    sidecar.put("recorded", text.replace('return files.read("out/count.txt")', 'return "written"'))
    ended = sidecar.run("recorded", rehearsal=True)
    assert ended.output == "written"
    assert sink.count("/written") == 0
    assert not (sidecar.workspace / "out").exists()
    assert [call.kind for call in ended.calls] == ["http", "http", "files"]


RELYING = '''"""Go on with what a write answers."""

from skills import Run, files, http, shell, skill, step


@step(attempts=3)
def order() -> str:
    return str(http.post("http://HOST/orders", json={"of": "pens"}).json()["id"])


@step(attempts=3)
def total() -> int:
    return int(shell.run(["jq", ".sum"], stdin="{}").output)


@step(attempts=3)
def keep() -> str:
    files.write("out/kept.txt", "kept")
    return files.read("out/kept.txt")


@step
def unwritten() -> str:
    return files.read("out/kept.txt")


@skill(hosts=["HOST"], writes=["out/*.txt"], commands=["jq"])
def NAME(run: Run) -> str:
    return str(run.step(STEP))
'''


@pytest.mark.parametrize(
    ("which", "told"),
    [
        ("order", "it sent nothing by http, so what it was answered was not real, and it came to KeyError: 'id'"),
        ("total", "it ran no program, so what it was answered was not real, and it came to ValueError: invalid"),
        ("keep", "it wrote no file, so what it was answered was not real, and it came to EffectFailed: read"),
    ],
)
def test_a_step_that_fails_after_what_was_only_recorded_says_so_and_is_not_tried_again(
    sidecar: LiveSidecar, sink: Sink, which: str, told: str
) -> None:
    name = f"relies_on_{which}"
    sidecar.put(name, RELYING.replace("HOST", sink.host).replace("NAME", name).replace("STEP", which))
    ended = sidecar.run(name, rehearsal=True)
    assert ended.run.error is not None
    assert ended.run.error.type == "NotRehearsed"
    assert f"a rehearsal goes no further in this step: {told}" in ended.run.error.message
    assert "in " + which in ended.run.error.traceback
    assert len(ended.steps[0].attempts) == 1


def test_what_fails_by_itself_in_a_rehearsal_is_told_as_ever(sidecar: LiveSidecar, sink: Sink) -> None:
    text = RELYING.replace("HOST", sink.host).replace("NAME", "by_itself").replace("STEP", "unwritten")
    sidecar.put("by_itself", text)
    error = sidecar.run("by_itself", rehearsal=True).run.error
    assert error is not None
    assert error.type == "EffectFailed"
