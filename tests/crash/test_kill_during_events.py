"""kill -9 while an event is emitted, starts a run, answers one that waits, and while an end starts another."""

from __future__ import annotations

import pytest

from sidecar.client import views
from tests.crash.story import Struck, broken_connections
from tests.support.live_sidecar import LiveSidecar

pytestmark = broken_connections

EMITS = '''"""Say that an order came, and wait until it is packed."""

from datetime import timedelta

from skills import Run, Skill, skill

counts = Skill.named("counts", takes=str, returns=str)


@skill(concurrency=9)
def emits(run: Run, order: str) -> str:
    run.emit("order.came", order)
    run.start(counts, order)
    packed = run.wait_for("order.packed", str, timeout=timedelta(minutes=5))
    return f"{order} {packed}"
'''

PACKS = '''"""Pack what came."""

from skills import Run, event, skill


@skill(on=event("order.came", str), concurrency=9)
def packs(run: Run, order: str) -> str:
    run.emit("order.packed", f"packed {order}", id=order)
    return order
'''

COUNTS = '''"""Started without waiting."""

from skills import Run, skill


@skill(concurrency=9)
def counts(run: Run, order: str) -> str:
    return order
'''

FOLLOWS = '''"""Started by the end of another."""

from skills import Run, skill, succeeded


@skill(on=succeeded("emits", str), concurrency=9)
def follows(run: Run, said: str) -> str:
    return said
'''

POINTS = [
    ("events.stored", 1),
    ("events.delivered", 1),
    ("requests.emit.before", 1),
    ("requests.emit.after", 1),
    ("requests.emit.after", 2),
    ("requests.start.before", 1),
    ("requests.start.after", 1),
    ("requests.wait_for.before", 1),
    ("requests.wait_for.after", 1),
    ("events.delivered", 2),  # the event that is waited for
    ("events.stored", 3),  # the end that starts another
    ("events.delivered", 3),
    ("store.commit.before", 3),
    ("store.commit.after", 3),
    ("outcome.conclude.before", 1),
    ("outcome.conclude.before", 3),
]


@pytest.mark.parametrize(("point", "times"), POINTS)
def test_each_event_is_told_once_and_everything_it_starts_runs_once(
    sidecar: LiveSidecar, point: str, times: int
) -> None:
    for name, text in (("emits", EMITS), ("packs", PACKS), ("counts", COUNTS), ("follows", FOLLOWS)):
        sidecar.put(name, text)
    order = f"{point}-{times}"
    struck = Struck(sidecar, point, times)
    started = struck.say(lambda: sidecar.client.run_skill("emits", order))
    if started is None:  # the answer was lost; the run may be there
        started = struck.until(
            lambda: (
                next((run for run in of_order(sidecar, "emits", order)), None)
                or sidecar.client.run_skill("emits", order)
            ),
            "the run is started",
        )
    assert struck.ended(started.id).output == f"{order} packed {order}"
    struck.until(lambda: of_order(sidecar, "follows", order) or None, "the end has started another")
    for name in ("emits", "packs", "counts", "follows"):
        (run,) = of_order(sidecar, name, order)
        assert struck.sidecar.ended(run.id).run.state == "succeeded"
    for name in ("order.came", "order.packed", "succeeded:emits"):
        assert len([each for each in sidecar.client.events(name=name) if order in str(each.payload)]) == 1


def of_order(sidecar: LiveSidecar, skill: str, order: str) -> list[views.Run]:
    """The skill's runs that are about this order."""
    found = sidecar.client.runs(skill=skill, limit=500)
    return [run for run in found if order in str(sidecar.client.run(run.id).input)]
