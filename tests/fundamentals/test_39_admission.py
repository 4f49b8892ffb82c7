"""Where a skill has no room for one more run, it says what becomes of it; of those that are queued, some go first."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from sidecar.client import Refused
from sidecar.store.schema import runs
from tests.fundamentals.test_60_why_it_ran_or_did_not import newest
from tests.support.live_sidecar import LiveSidecar
from tests.support.waiting import wait_until

HOLDING = '''"""Hold the place until somebody answers."""

from datetime import timedelta

from pydantic import BaseModel

from skills import Run, Skill, StepFailed, cron, event, every, skill, step


class Incident(BaseModel):
    service: str = "api"


@step
def spin() -> int:
    while True:
        pass


@skill(on=event("NAME", Incident, key=lambda incident: incident.service), overlap="OVERLAP")
def NAME(run: Run, incident: Incident) -> str:
    HOLD
    return incident.service
'''


ON_EVENT = 'on=event("NAME", Incident, key=lambda incident: incident.service), '


def holding(name: str, overlap: str, hold: str = 'run.approve("Go on?")') -> str:
    return HOLDING.replace("NAME", name).replace("OVERLAP", overlap).replace("HOLD", hold)


def emitted(sidecar: LiveSidecar, name: str, service: str = "api") -> str:
    """The run that an event starts."""
    (delivery,) = sidecar.client.emit(name, {"service": service}).deliveries
    assert delivery.run is not None, delivery
    return delivery.run


def test_an_event_for_which_there_is_no_room_is_skipped_with_the_reason(sidecar: LiveSidecar) -> None:
    sidecar.put("skips", holding("skips", "skip"))
    first = emitted(sidecar, "skips")
    sidecar.waits(first, "approve")
    (delivery,) = sidecar.client.emit("skips", {"service": "api"}).deliveries
    assert (delivery.outcome, delivery.run) == ("skipped", None)
    assert delivery.reason == f"run {first} is not over: concurrency=1, overlap='skip'"
    told = sidecar.client.why("skips").events
    assert [(each.outcome, each.reason) for each in told] == [("skipped", delivery.reason), ("started", None)]
    emitted(sidecar, "skips", service="web")  # another key has room
    sidecar.client.answer(sidecar.approval(first).id, "yes")
    sidecar.ended(first)
    emitted(sidecar, "skips")


def test_a_slot_for_which_there_is_no_room_is_skipped_with_the_reason(sidecar: LiveSidecar) -> None:
    text = holding("ticks", "skip").replace("(run: Run, incident: Incident)", "(run: Run)")
    text = text.replace(
        'event("ticks", Incident, key=lambda incident: incident.service)', "every(timedelta(seconds=1))"
    )
    sidecar.put("ticks", text.replace("incident.service", '"done"'))
    run = newest(sidecar, "ticks").run
    assert run is not None
    sidecar.waits(run.id, "approve")
    skipped = wait_until(
        lambda: next(
            (each for each in sidecar.client.why("ticks").schedules[0].slots if each.outcome == "skipped"), None
        ),
        "a slot is skipped",
    )
    assert (skipped.reason, skipped.run) == (f"run {run.id} is not over: concurrency=1, overlap='skip'", None)
    sidecar.client.remove("ticks")


def test_a_call_for_which_there_is_no_room_is_refused(sidecar: LiveSidecar) -> None:
    sidecar.put("one_only", holding("one_only", "skip").replace(ON_EVENT.replace("NAME", "one_only"), ""))
    first = sidecar.client.run_skill("one_only", {}).id
    with pytest.raises(Refused, match=f"one_only was not started: run {first} is not over") as refused:
        sidecar.client.run_skill("one_only", {})
    assert refused.value.type == "skipped"
    assert sidecar.client.run_skill("one_only", {}, rehearsal=True), "a rehearsal takes nobody's place"


def test_a_sub_run_for_which_there_is_no_room_is_an_error_that_can_be_caught(sidecar: LiveSidecar) -> None:
    sidecar.put("narrow", holding("narrow", "skip"))
    ending = (
        "    try:\n        return run.CALL(other, incident)\n    except StepFailed as error:\n        return error.type"
    )
    caller = holding("wide", "queue", 'other = Skill.named("narrow", takes=Incident, returns=str)')
    caller = caller.replace("    return incident.service", ending)
    sidecar.put("wide", caller.replace("CALL", "invoke"))
    first = sidecar.client.run_skill("narrow", {}).id
    assert sidecar.run("wide", {}).output == "Skipped"
    sidecar.put("wide", caller.replace("CALL", "start"))
    assert sidecar.run("wide", {}).output == "Skipped"
    assert [run.id for run in sidecar.client.runs(skill="narrow")] == [first]


def test_the_older_run_is_cancelled_and_its_process_is_gone(sidecar: LiveSidecar) -> None:
    sidecar.put("newest_only", holding("newest_only", "cancel_older", "run.step(spin)"))
    first, other = emitted(sidecar, "newest_only"), emitted(sidecar, "newest_only", service="web")
    pid = sidecar.worker(first)
    wait_until(lambda: sidecar.client.run(first).steps, "it is busy")
    second = emitted(sidecar, "newest_only")
    ended = sidecar.client.run(first).run
    assert (ended.state, ended.reason) == ("cancelled", f"run {second} took its place: overlap='cancel_older'")
    wait_until(lambda: not Path(f"/proc/{pid}").exists(), "its process is gone", within=5)
    wait_until(lambda: sidecar.client.run(second).steps, "the second is busy")
    for run in (second, other):
        assert sidecar.state(run) == "running"
        sidecar.client.cancel(run)


def test_a_rehearsal_cancels_nobody(sidecar: LiveSidecar) -> None:
    sidecar.put("live_one", holding("live_one", "cancel_older"))
    first = sidecar.client.run_skill("live_one", {}).id
    sidecar.waits(first, "approve")
    assert sidecar.run("live_one", {}, rehearsal=True).output == "api"
    assert sidecar.state(first) == "waiting"


FIRST = '''"""Take a worker for a while."""

from skills import Run, skill


@skill(concurrency=99, priority=PRIORITY)
def NAME(run: Run) -> str:
    return "done"
'''


def test_of_many_queued_runs_the_higher_priority_starts_first(tmp_path: Path) -> None:
    with LiveSidecar(tmp_path, workers="1") as sidecar:
        sidecar.put("holder", holding("holder", "queue", "run.step(spin)"))
        for name, priority in (("low", -1), ("middle", 0), ("high", 10)):
            text = FIRST.replace("NAME", name).replace("PRIORITY", str(priority))
            text = text.replace("concurrency=99", f'on=event("go.{name}", None), concurrency=99')
            text = text.replace("import Run", "import Run, event").replace("(run: Run)", "(run: Run, nothing: None)")
            sidecar.put(name, text)
        holder = sidecar.client.run_skill("holder", {}).id
        wait_until(lambda: sidecar.client.run(holder).steps, "the only worker is taken")
        queued = {name: sidecar.client.emit(f"go.{name}").deliveries[0].run for name in ("low", "middle", "high")}
        asked = sidecar.client.run_skill("low").id  # a person waits for it
        sidecar.client.cancel(holder)
        ended = [sidecar.ended(str(run)).run for run in (asked, queued["high"], queued["middle"], queued["low"])]
        started = [run.started_at for run in ended]
        assert started == sorted(started, key=str)
        assert len(set(started)) == 4


def test_what_a_person_waits_for_takes_its_sub_runs_along(tmp_path: Path) -> None:
    caller = FIRST.replace("NAME", "caller").replace("PRIORITY", "-10").replace("import Run", "import Run, Skill")
    with LiveSidecar(tmp_path, workers="1") as sidecar:
        sidecar.put("called", FIRST.replace("NAME", "called").replace("PRIORITY", "-10"))
        sidecar.put("caller", caller.replace('"done"', 'run.invoke(Skill.named("called", returns=str))'))
        ended = sidecar.run("caller")
        assert ended.output == "done"
        assert priorities(sidecar, ended.run.id, ended.children[0].id) == [100, 100]


def priorities(sidecar: LiveSidecar, *wanted: str) -> list[int]:
    found = sidecar.query(sa.select(runs.c.id, runs.c.priority))
    return [next(row.priority for row in found if row.id == run) for run in wanted]
