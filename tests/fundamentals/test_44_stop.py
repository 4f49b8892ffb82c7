"""One switch: everything is stopped within seconds, stays so over a crash, and goes on as if nothing had been."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from sidecar.client import Refused, views
from sidecar.store.schema import effects, runs
from tests.chaos.ten_steps import NAME, STEPS, TenSteps, text
from tests.chaos.ticker import TICKER, TICKER_TEXT
from tests.fundamentals.test_32_irreversible_steps import paging
from tests.support import postgresql
from tests.support.live_sidecar import LiveSidecar
from tests.support.processes import workers_of
from tests.support.sink import Sink
from tests.support.waiting import wait_until

RUNS = 50

LISTENER = '''"""Listen."""

from skills import Run, event, skill


@skill(on=event("stopped.meanwhile", int))
def listener(run: Run, number: int) -> str:
    return "heard"
'''


def slots_since(sidecar: LiveSidecar, halt: views.Halt) -> list[views.Slot]:
    (schedule,) = sidecar.client.why(TICKER).schedules
    return [slot for slot in schedule.slots if slot.due_at > halt.stop.since]


def test_a_stop_and_a_restart_are_no_lost_workers(sidecar: LiveSidecar, sink: Sink) -> None:
    work = TenSteps(sidecar.query, sink, ["interrupted"])
    sidecar.put(NAME, text(sink))
    run = sidecar.client.run_skill(NAME, work.words[0]).id
    sidecar.worker(run)
    sidecar.client.stop(NAME)
    sidecar.client.start(NAME)
    sidecar.worker(run)
    wait_until(lambda: sidecar.client.run(run).attempts[-1].outcome == "running", "it goes on")
    sidecar.kill()
    sidecar.start()
    outcomes = [attempt.outcome for attempt in sidecar.ended(run).attempts]
    assert outcomes == ["stopped", "lost" if postgresql.CHOSEN else "stopped", "succeeded"]  # lost: a host was


def test_under_load_all_of_it_ends_nothing_begins_and_all_goes_on_after_the_start(
    sidecar: LiveSidecar, sink: Sink
) -> None:
    work = TenSteps(sidecar.query, sink, [f"word{number}" for number in range(RUNS)])
    sidecar.put(NAME, text(sink))
    sidecar.put(TICKER, TICKER_TEXT)
    for word in work.words:
        sidecar.client.run_skill(NAME, word)
    wait_until(lambda: len(sink.received) > RUNS, "they are at work")

    halt = sidecar.client.stop(reason="the bill is strange")
    assert workers_of(sidecar.pid) == []
    assert halt.runs
    assert {(run.state, run.reason) for run in halt.runs} == {("queued", "stopped")}, "none runs on after 5 s"
    received = len(sink.received)
    words = dict(sidecar.query(sa.select(runs.c.id, runs.c.input).where(runs.c.skill == NAME)))
    recorded = Counter(words[row.run] for row in sidecar.query(sa.select(effects.c.run)))
    asked_for = Counter(item.path.split("/")[1] for item in sink.received)
    assert all(recorded[word] >= number for word, number in asked_for.items()), "each effect has its record"

    sidecar.kill()
    sidecar.start()
    wait_until(lambda: len(slots_since(sidecar, halt)) > 2, "times come and go", within=60)
    assert {slot.outcome for slot in slots_since(sidecar, halt)} == {"stopped"}
    reason = slots_since(sidecar, halt)[0].reason
    assert reason is not None
    assert reason.startswith("everything is stopped by person since ")
    assert reason.endswith("UTC: the bill is strange")
    assert (len(sink.received), workers_of(sidecar.pid)) == (received, []), "nothing has begun"
    status = sidecar.client.status()
    assert status.stopped == halt.stop
    assert [health.fix for health in sidecar.client.doctor() if health.name == "stop"] == ["tend start --all"]

    assert {run.id for run in sidecar.client.start().runs} == {run.id for run in halt.runs}
    wait_until(
        lambda: not sidecar.query(sa.select(runs.c.id).where(runs.c.skill == NAME, runs.c.ended_at.is_(None))),
        "they end",
        within=120,
    )
    work.hold()
    assert sink.paths().total() >= RUNS * STEPS
    wait_until(lambda: {"fired", "late"} & {slot.outcome for slot in slots_since(sidecar, halt)}, "it ticks again")
    sidecar.client.remove(TICKER)


def test_whoever_asks_for_something_is_told_that_all_is_stopped(sidecar: LiveSidecar) -> None:
    sidecar.put("listener", LISTENER)
    done = sidecar.run("listener", 1)
    sidecar.client.stop(reason="a drill")
    try:
        told = r"everything is stopped by person since .* UTC: a drill\. Go on with: tend start --all"
        asks: list[Callable[[], views.Run]] = [
            lambda: sidecar.client.run_skill("listener", 2),
            lambda: sidecar.client.rerun(done.run.id),
            lambda: sidecar.client.send("Are you there?"),
            sidecar.client.review_now,
        ]
        for ask in asks:
            with pytest.raises(Refused, match=told):
                ask()
        emitted = sidecar.client.emit("stopped.meanwhile", 1, id="one")
        assert [delivery.outcome for delivery in emitted.deliveries] == ["stopped"]
        assert sidecar.client.stop(reason="again").stop.reason == "a drill", "the first word stands"
        assert sidecar.client.why("listener").obstacles[0].fix == "tend start --all"
    finally:
        sidecar.client.start()
    assert len(sidecar.client.runs(skill="listener")) == 1, "what came meanwhile is on record, and is not made up for"
    with pytest.raises(Refused, match="everything is not stopped"):
        sidecar.client.start()


def test_one_skill_is_stopped_by_itself_and_what_cannot_be_undone_is_not_done_again(
    sidecar: LiveSidecar, sink: Sink
) -> None:
    held = sink.hold("/page_stopped")
    sidecar.put("page_stopped", paging("page_stopped", sink))
    sidecar.put("listener", LISTENER)
    run = sidecar.client.run_skill("page_stopped").id
    sidecar.client.answer(sidecar.approval(run).id, "yes")
    wait_until(lambda: sink.count("/page_stopped"), "the step is under way")

    halt = sidecar.client.stop("page_stopped", "paged enough")
    held.set()
    assert [each.id for each in halt.runs] == list(halt.in_doubt) == [run]
    assert sidecar.client.skill("page_stopped").skill.stopped
    assert sidecar.run("listener", 3).run.state == "succeeded", "others go on"
    with pytest.raises(
        Refused, match=r"page_stopped is stopped by person .*: paged enough\. .*skills start page_stopped"
    ):
        sidecar.client.run_skill("page_stopped")

    sidecar.client.start("page_stopped")
    sidecar.waits(run, "unknown")
    sidecar.client.answer(sidecar.approval(run).id, "done")
    assert sidecar.ended(run).output == "None by person"
    assert sink.count("/page_stopped") == 1
