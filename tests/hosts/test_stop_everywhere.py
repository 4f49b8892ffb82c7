"""A stop that is said on one host ends what runs on every host, also what waits for a model that does not answer."""

from __future__ import annotations

from sidecar.client import views
from tests.hosts.fleet import Fleet, executed_by, put_steps
from tests.hosts.silent import ASKS, Silent
from tests.support.live_sidecar import LiveSidecar
from tests.support.processes import workers_of
from tests.support.sink import Sink
from tests.support.waiting import wait_until

RUNS, STEPS = 8, 20


def two(fleet: Fleet, base_url: str = "http://localhost:9") -> tuple[LiveSidecar, LiveSidecar]:
    """Each with room for three runs."""
    north = fleet.host("north", workers="3", base_url=base_url)
    return north, fleet.host("south", worker=True, workers="3", base_url=base_url)


def both_execute(leader: LiveSidecar, runs: list[str]) -> None:
    wait_until(
        lambda: {host for hosts in executed_by(leader, runs).values() for host in hosts} == {"north", "south"},
        "both hosts are at work",
    )


def all_have_ended(hosts: tuple[LiveSidecar, LiveSidecar], halt: views.Halt, runs: list[str]) -> None:
    """What was under way is queued, and no process of it is left on any host."""
    assert {(run.state, run.reason) for run in halt.runs} == {("queued", "stopped")}
    assert {run.id for run in halt.runs} <= set(runs)
    for host in hosts:
        assert workers_of(host.pid) == []


def test_steps_end_on_every_host_and_go_on_after_the_start(fleet: Fleet, sink: Sink) -> None:
    hosts = north, south = two(fleet)
    put_steps(north, sink)
    runs = [north.client.run_skill("steps", STEPS).id for _ in range(RUNS)]
    both_execute(north, runs)
    halt = south.client.stop(reason="said on the host that does not lead")
    all_have_ended(hosts, halt, runs)
    received = len(sink.received)
    assert north.client.status().stopped == halt.stop
    assert len(sink.received) == received
    north.client.start()
    assert {north.ended(run, within=180).run.state for run in runs} == {"succeeded"}
    assert len({item.key for item in sink.received}) == RUNS * STEPS


def test_a_model_that_does_not_answer_holds_up_no_stop(fleet: Fleet, silent: Silent) -> None:
    hosts = north, south = two(fleet, silent.server.base_url)
    north.put("asks", ASKS)
    runs = [north.client.run_skill("asks", number).id for number in range(6)]
    both_execute(north, runs)
    wait_until(lambda: len(silent.server.requests) >= len(runs), "each has asked, and gets no answer")
    halt = south.client.stop(reason="it hangs")
    all_have_ended(hosts, halt, runs)
    assert {run.id for run in halt.runs} == set(runs)
    silent.speaks = True
    north.client.start()
    assert {north.ended(run, within=180).output for run in runs} == {"fine"}
