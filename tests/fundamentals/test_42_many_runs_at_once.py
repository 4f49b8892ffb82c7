"""Many runs are cancelled or run again by one command, which says of each what has become of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.client import Refused
from tests.support.live_sidecar import LiveSidecar
from tests.support.waiting import wait_until

ASKING = '''"""Fail, unless somebody agrees."""

from pydantic import BaseModel

from skills import Run, skill


class Order(BaseModel):
    n: int = 0
    ask: bool = True


@skill(concurrency=200)
def NAME(run: Run, order: Order) -> int:
    if order.ask:
        run.approve("Go on?")
    if order.n < 0:
        raise ValueError("no negative numbers")
    return order.n
'''


def test_many_are_cancelled_and_each_is_told_of(sidecar: LiveSidecar) -> None:
    sidecar.put("many_asking", ASKING.replace("NAME", "many_asking"))
    runs = [sidecar.client.run_skill("many_asking", {"n": n}).id for n in range(60)]
    done = sidecar.run("many_asking", {"ask": False}).run.id
    not_over = sidecar.client.runs(skill="many_asking", state=("queued", "running", "waiting"), limit=100)
    assert [run.id for run in not_over] == runs[::-1]
    told = sidecar.client.cancel_many([*runs, done, "nothing"], "enough")
    assert [each.run for each in told] == [*runs, done, "nothing"]
    assert [each.done for each in told] == [True] * 60 + [False] * 2
    assert [each.told for each in told[-3:]] == ["cancelled", "it is succeeded already", "there is no such run"]
    assert {run.id for run in sidecar.client.runs(skill="many_asking", state="cancelled", limit=100)} == set(runs)
    assert sidecar.client.run(runs[0]).run.reason == "enough"


def test_many_are_run_again_with_their_own_input_on_the_version_that_is_active(sidecar: LiveSidecar) -> None:
    old = sidecar.put("many_again", ASKING.replace("NAME", "many_again"))
    failed = [sidecar.run("many_again", {"n": n, "ask": False}).run for n in (-1, -2)]
    waiting = sidecar.client.run_skill("many_again", {}).id
    sidecar.waits(waiting, "approve")
    active = sidecar.put(
        "many_again", ASKING.replace("NAME", "many_again").replace("raise ValueError", "return -order.n #")
    )
    told = sidecar.client.rerun_many([*(run.id for run in failed), waiting])
    assert [each.done for each in told] == [True, True, False]
    assert told[2].told.startswith(f"run {waiting} is waiting; cancel it first")
    ended = [sidecar.ended(each.told.removeprefix("run ")) for each in told[:2]]
    assert [(each.output, each.run.version) for each in ended] == [(1, active), (2, active)]
    (same,) = sidecar.client.rerun_many([failed[0].id], version="same")
    assert sidecar.ended(same.told.removeprefix("run ")).run.version == old
    sidecar.client.cancel(waiting)


def test_runs_are_chosen_by_their_version_and_by_when_they_were_made(sidecar: LiveSidecar) -> None:
    text = ASKING.replace("NAME", "many_chosen")
    first = sidecar.put("many_chosen", text)
    one = sidecar.run("many_chosen", {"ask": False}).run
    sidecar.put("many_chosen", text.replace("Go on?", "On?"))
    two = sidecar.run("many_chosen", {"ask": False}).run

    def chosen(**by: object) -> list[str]:
        return [run.id for run in sidecar.client.runs(skill="many_chosen", **by)]  # type: ignore[arg-type] # its names

    assert chosen() == [two.id, one.id]
    assert chosen(version=first[:10]) == [one.id]
    assert chosen(since=two.created_at) == [two.id]
    assert chosen(until=two.created_at) == [one.id]


def test_there_is_a_limit(sidecar: LiveSidecar) -> None:
    with pytest.raises(Refused, match="1,000 is the most"):
        sidecar.client.cancel_many(["x"] * 1_001)


def test_processes_of_runs_that_are_cancelled_together_are_gone(sidecar: LiveSidecar) -> None:
    text = ASKING.replace("NAME", "many_busy").replace('run.approve("Go on?")', "while True:\n            pass")
    sidecar.put("many_busy", text)
    runs = [sidecar.client.run_skill("many_busy", {}).id for _ in range(3)]
    workers = [sidecar.worker(run) for run in runs]
    sidecar.client.cancel_many(runs)
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers), "they are gone", within=5)
