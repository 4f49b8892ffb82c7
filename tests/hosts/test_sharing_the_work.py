"""Runs are executed by whichever host has room, and asked for on whichever one a person sits at."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from sidecar.client import Refused, views
from sidecar.client.views import FINAL
from tests.hosts.fleet import Fleet, executed_by, hosts_of, leads, put_steps
from tests.support.live_sidecar import LiveSidecar
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


STRICT = """
budget_day_usd = 5.0
breaker_failures = 1

[approvals]
"http.post" = "always"

[approvers]
"*" = ["ada"]
"""


def goes_by(host: LiveSidecar) -> tuple[views.Rules, list[views.Cap], str]:
    return host.client.rules(), host.client.caps(), host.client.status().zone


def day_cap(host: LiveSidecar) -> float:
    return next(cap.amount for cap in host.client.caps() if cap.scope == "day")


def health(host: LiveSidecar, name: str) -> views.Health | None:
    return next((one for one in host.client.doctor() if one.name == name), None)


def follows(host: LiveSidecar, leader: LiveSidecar) -> None:
    wait_until(lambda: goes_by(host) == goes_by(leader), "it goes by what the leader says")


def test_a_worker_goes_by_what_the_host_says_that_leads(fleet: Fleet, sink: Sink) -> None:
    leader = fleet.host("leader", toml=STRICT, zone="Asia/Tokyo", workers="1")
    leader.put("stubborn", STUBBORN)
    busy = leader.client.run_skill("stubborn").id
    wait_until(lambda: leader.state(busy) == "running", "it has no room for another one")
    worker = fleet.host("worker", worker=True)
    put_steps(leader, sink)
    sink.forget()  # other tests' requests
    run = leader.client.run_skill("steps", 1).id
    ended = leader.ended(run)
    assert executed_by(leader, [run]) == {run: ["worker"]}
    assert ended.run.error is not None
    assert "needs a person's yes each time here" in ended.run.error.message
    assert sink.count("/0") == 0, "nothing goes out unasked"
    assert goes_by(worker) == goes_by(leader)
    assert (day_cap(worker), worker.client.status().zone) == (5.0, "Asia/Tokyo")
    assert worker.client.rules().approvers == {"*": ("ada",)}
    held = next(skill for skill in worker.client.skills() if skill.name == "steps").quarantine
    assert held is not None, "after one failure, as the leader says"

    pid = worker.pid
    leader.stop()
    (leader.workspace / "tend.toml").write_text("")
    leader.start(TEND_ZONE="Europe/Berlin")
    assert day_cap(leader) == 40.0
    follows(worker, leader)
    assert worker.client.status().zone == "Europe/Berlin"
    assert worker.pid == pid, "it was not started again"


def test_a_worker_waits_until_a_host_has_led(fleet: Fleet) -> None:
    with ThreadPoolExecutor(1) as starting:
        started = starting.submit(fleet.host, "worker", worker=True)
        log = fleet.log("worker")
        wait_until(lambda: log.exists() and "waits for one that leads" in log.read_text(), "it waits", within=90)
        assert not started.done()
        leader = fleet.host("leader", toml="budget_day_usd = 5.0")
        worker = started.result()
    assert day_cap(worker) == 5.0
    leader.stop()
    worker.stop()
    worker.start()
    assert day_cap(worker) == 5.0, "the store still says so"


def test_who_would_lead_otherwise_is_told_so_and_does_when_its_turn_has_come(fleet: Fleet) -> None:
    first = fleet.host("first", toml="budget_day_usd = 5.0")
    second = fleet.host("second", toml="budget_day_usd = 7.0")
    assert health(first, "settings") is None
    told = health(second, "settings")
    assert told is not None
    assert (told.state, "budget_day_usd" in told.detail) == ("warning", True)
    assert "budget_day_usd" in second.said()
    assert day_cap(second) == 5.0
    first.stop()
    leads(second, "second")
    assert day_cap(second) == 7.0
    assert health(second, "settings") is None


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
