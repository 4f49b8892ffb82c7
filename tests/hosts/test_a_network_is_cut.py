"""A host in a network of its own loses the server without a word: no connection is closed, and nothing passes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hosts.fleet import Fleet, executed_by
from tests.hosts.test_a_host_is_lost import all_end
from tests.support import postgresql
from tests.support.live_sidecar import LiveSidecar
from tests.support.namespace import Namespace, missing
from tests.support.processes import is_alive
from tests.support.waiting import wait_until

STEPS = 30
NAPS = '''"""Steps that take a while."""

import time

from skills import Run, skill, step


@step
def nap(number: int) -> int:
    time.sleep(0.2)
    return number


@skill(concurrency=100)
def naps(run: Run, count: int) -> int:
    return len([run.step(nap, number) for number in range(count)])
'''

pytestmark = pytest.mark.skipif(bool(why := missing()), reason=str(why))


@pytest.fixture
def namespace() -> Iterator[Namespace]:
    with Namespace() as made, postgresql.listening(made.address, made.subnet):
        yield made


@pytest.fixture
def leader(fleet: Fleet) -> LiveSidecar:
    return fleet.host("leader", workers="1")


@pytest.fixture
def apart(namespace: Namespace, fleet: Fleet, leader: LiveSidecar, tmp_path: Path) -> Iterator[LiveSidecar]:
    assert leader.answers(), "a worker waits for one that leads"
    folder = tmp_path / "apart"
    folder.mkdir()
    address = postgresql.through(5432, fleet.database_url, namespace.address)
    with _Inside(namespace, folder, host_name="apart", database_url=address, workers="2") as host:
        yield host


class _Inside(LiveSidecar):
    """A worker host in the namespace."""

    def __init__(self, namespace: Namespace, folder: Path, **settings: str) -> None:
        super().__init__(folder, True, **settings)
        self._namespace = namespace

    def wrapper(self) -> list[str]:
        return self._namespace.entering


def test_its_runs_go_on_elsewhere_and_it_comes_back(
    namespace: Namespace, leader: LiveSidecar, apart: LiveSidecar
) -> None:
    leader.put("naps", NAPS)
    runs = [leader.client.run_skill("naps", STEPS).id for _ in range(3)]
    wait_until(lambda: all(executed_by(leader, runs).values()), "each host takes what it has room for")
    struck = [run for run, hosts in executed_by(leader, runs).items() if hosts == ["apart"]]
    assert len(struck) == 2
    pids = [leader.worker(run) for run in struck]
    wait_until(lambda: all(leader.client.run(run).steps for run in struck), "they are under way")

    namespace.cut()
    wait_until(lambda: not any(map(is_alive, pids)), "it kills its workers by itself", within=30)
    all_end(leader, runs)
    assert all(executed_by(leader, [run])[run][-1] == "leader" for run in struck), "they went on elsewhere"
    for detail in map(leader.client.run, runs):
        assert (detail.run.state, detail.output, len(detail.steps)) == ("succeeded", STEPS, STEPS)
        outcomes = [[each.outcome for each in step.attempts] for step in detail.steps]
        assert all(each.count("succeeded") == 1 for each in outcomes), "no finished step ran again"
        assert sum(len(each) - 1 for each in outcomes) <= 1, "one step was under way"

    namespace.heal()
    wait_until(apart.answers, "it is there again", within=60)
    again = [leader.client.run_skill("naps", 3).id for _ in range(6)]
    all_end(leader, again)
    assert ["apart"] in executed_by(leader, again).values(), "it is one of them again"
