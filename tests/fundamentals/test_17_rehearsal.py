"""A rehearsal reads for real, and writes, notifies, asks and remembers nothing."""

from __future__ import annotations

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
