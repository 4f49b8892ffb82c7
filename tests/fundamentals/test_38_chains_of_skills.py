"""The end of a skill's run starts the skills that wait for it: with its result, or with its failure."""

from __future__ import annotations

from sidecar.client import views
from tests.support.live_sidecar import LiveSidecar
from tests.support.waiting import wait_until

FIRST = '''"""Make a report."""

from pydantic import BaseModel

from skills import Failure, Run, skill


class Report(BaseModel):
    rows: int


@skill(concurrency=9)
def NAME(run: Run, rows: int) -> Report:
    if rows < 0:
        raise ValueError("no rows")
    return Report(rows=rows)


@NAME.on_failure
def clean_up(run: Run, failure: Failure) -> None: ...
'''

AFTER = '''"""Go on from there."""

from pydantic import BaseModel

from skills import Failure, Run, failed, skill, succeeded


class Report(BaseModel):
    rows: int


@skill(on=succeeded("FIRST", Report) | failed("FIRST"))
def NAME(run: Run, end: Report | Failure) -> str:
    return f"{end.skill} failed: {end.message}" if isinstance(end, Failure) else f"{end.rows} rows"
'''


def first(name: str) -> str:
    return FIRST.replace("NAME", name)


def after(name: str, other: str) -> str:
    return AFTER.replace("NAME", name).replace("FIRST", other)


def event_of(sidecar: LiveSidecar, name: str) -> views.Event:
    return wait_until(lambda: next(iter(sidecar.client.events(name=name)), None), f"event {name}")


def test_a_good_end_hands_its_result_on(sidecar: LiveSidecar) -> None:
    sidecar.put("makes", first("makes"))
    sidecar.put("uses", after("uses", "makes"))
    made = sidecar.run("makes", 3)
    event = event_of(sidecar, "succeeded:makes")
    (delivery,) = event.deliveries
    assert (event.id, event.source, event.payload) == (made.run.id, f"run {made.run.id}", {"rows": 3})
    assert delivery.run is not None
    assert sidecar.ended(delivery.run).output == "3 rows"
    assert sidecar.client.skill("uses").skill.schedule == "when makes has succeeded; when makes has failed"


def test_a_bad_end_hands_its_failure_on_once(sidecar: LiveSidecar) -> None:
    sidecar.put("breaks", first("breaks"))
    sidecar.put("mends", after("mends", "breaks"))
    sidecar.run("breaks", -1)
    (delivery,) = event_of(sidecar, "failed:breaks").deliveries
    assert delivery.run is not None
    assert sidecar.ended(delivery.run).output == "breaks failed: no rows"
    wait_until(lambda: len(sidecar.client.runs(skill="breaks")) == 2, "the handler has its run")
    handler = sidecar.client.runs(skill="breaks")[0]
    assert sidecar.ended(handler.id).run.trigger == "on_failure"
    assert len(sidecar.client.events(name="failed:breaks")) == 1
    assert sidecar.client.events(name="succeeded:breaks") == [], "a handler's end is not the skill's"


def test_where_nobody_listens_and_in_a_rehearsal_nothing_is_told(sidecar: LiveSidecar) -> None:
    sidecar.put("alone", first("alone"))
    sidecar.run("alone", 1)
    sidecar.put("late_listener", after("late_listener", "alone"))
    sidecar.run("alone", 1, rehearsal=True)
    assert sidecar.client.events(name="succeeded:alone") == []


def test_skills_that_follow_one_another_in_a_circle_end_with_a_row_that_says_so(sidecar: LiveSidecar) -> None:
    text = after("circle", "circle").replace("-> str:", "-> Report:").replace(' | failed("circle")', "")
    text = text.replace(", failed", "").replace("Failure, ", "").replace(" | Failure", "")
    head, _, _ = text.partition("    return")
    sidecar.put("circle", head + "    return Report(rows=end.rows + 1)\n")
    sidecar.client.run_skill("circle", {"rows": 0})
    wait_until(lambda: len(sidecar.client.events(name="succeeded:circle")) == 11, "the circle ends")
    (delivery,) = event_of(sidecar, "succeeded:circle").deliveries
    assert (delivery.outcome, delivery.run) == ("refused", None)
    assert "circle" in str(delivery.reason)
    assert {run.state for run in sidecar.client.runs(skill="circle")} == {"succeeded"}
