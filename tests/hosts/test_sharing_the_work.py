"""Runs are executed by whichever host has room, and asked for on whichever one a person sits at."""

from __future__ import annotations

import os

import pytest

from sidecar.client import Refused
from sidecar.client.views import FINAL
from tests.hosts.fleet import Fleet, executed_by, hosts_of, put_steps
from tests.support.scripted_author import says
from tests.support.sink import Sink
from tests.support.talking_model import TalkingModel
from tests.support.waiting import wait_until

WRITES = '''"""Needs the workspace's files."""

from skills import Run, files, skill, step


@step
def write(text: str) -> str:
    files.write("out/here.txt", text)
    return text


@skill(writes=["out/*.txt"])
def writes(run: Run) -> str:
    return run.step(write, "here")
'''

STUBBORN = '''"""Ends only when it is killed."""

import time

from skills import Run, skill, step


@step
def stubborn_step() -> int:
    while True:
        try:
            time.sleep(60)
        except BaseException:
            pass


@skill(concurrency=9)
def stubborn(run: Run) -> int:
    return run.step(stubborn_step)
'''


def test_a_worker_needs_nothing_but_the_database(fleet: Fleet, sink: Sink) -> None:
    leader = fleet.host("leader", workers="1")
    worker = fleet.host("worker", worker=True, workers="3")
    put_steps(leader, sink)
    held = sink.hold("/0")

    started = [leader.client.run_skill("steps", 2).id for _ in range(4)]
    wait_until(lambda: all(leader.state(run) == "running" for run in started), "each host takes what it has room for")
    held.set()
    for run in started:
        assert leader.ended(run).run.state == "succeeded"

    conducted = executed_by(leader, started)
    assert sum(names == ["leader"] for names in conducted.values()) == 1, "it has room for one"
    assert sum(names == ["worker"] for names in conducted.values()) == 3
    assert not list((worker.workspace / "skills").iterdir()), "the worker runs what the store has, not files"


def test_each_host_is_known_with_its_part(fleet: Fleet) -> None:
    leader = fleet.host("first")
    fleet.host("second")
    worker = fleet.host("third", worker=True)
    known = hosts_of(worker)
    assert {name: host.leads for name, host in known.items()} == {"first": True, "second": False, "third": False}
    assert known["third"].is_this
    assert hosts_of(leader)["first"].is_this


def test_each_host_can_tell_what_is_next(fleet: Fleet) -> None:
    hosts = (fleet.host("first"), fleet.host("second"), fleet.host("third", worker=True))
    for host in hosts:
        due = {skill.name: skill.next_at for skill in host.client.skills()}["weekly_review"]
        assert due is not None
        assert host.client.status().next_up[0].next_at == due


def test_what_needs_the_workspace_is_left_to_the_leader(fleet: Fleet) -> None:
    leader = fleet.host("leader")
    worker = fleet.host("worker", worker=True)
    leader.put("writes", WRITES)
    runs = [worker.client.run_skill("writes").id for _ in range(3)]
    assert [worker.ended(run).output for run in runs] == ["here"] * 3
    assert executed_by(leader, runs) == {run: ["leader"] for run in runs}
    assert (leader.workspace / "out" / "here.txt").read_text() == "here"
    with pytest.raises(Refused, match="another host leads"):
        worker.client.write("elsewhere", WRITES, base=None, reason="a test")


def test_a_run_on_another_host_is_cancelled_with_its_process(fleet: Fleet) -> None:
    leader = fleet.host("leader", workers="1")
    fleet.host("worker", worker=True)
    leader.put("stubborn", STUBBORN)
    runs = [leader.client.run_skill("stubborn").id for _ in range(3)]
    pids = [leader.worker(run) for run in runs]
    assert {"worker"} in [set(names) for names in executed_by(leader, runs).values()]
    for run in runs:
        leader.client.cancel(run)
        assert leader.state(run) == "cancelled"
    wait_until(lambda: not any(_alive(pid) for pid in pids), "their processes are dead", within=5)


def test_a_conversation_is_followed_from_any_host(fleet: Fleet, model: TalkingModel) -> None:
    """The agent runs where the workspace is; a person may sit elsewhere."""
    fleet.host("leader", base_url=model.base_url)
    worker = fleet.host("worker", worker=True, base_url=model.base_url)
    model.play("Hello from afar", says("Good morning."))
    moments = worker.client.moments()
    run = worker.client.send("Hello from afar").id
    heard = []
    for moment in moments:
        heard.append(moment.topic)
        if moment.topic == "run" and moment.data["run"] == run and moment.data["state"] in FINAL:
            break
    assert "text" in heard, "what it says is streamed here as it comes"
    assert "Good morning." in str(worker.client.transcript(run)[-1])


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
