"""A trigger may start so many runs within so long, or only when it has been quiet; each other event says so."""

from __future__ import annotations

import time

import sqlalchemy as sa

from sidecar.client import views
from sidecar.store.schema import runs
from tests.support.live_sidecar import LiveSidecar
from tests.support.waiting import wait_until

LIMITED = '''"""Tell what has changed."""

from datetime import timedelta

from pydantic import BaseModel

from skills import Run, event, skill


class Change(BaseModel):
    page: str
    text: str = ""


@skill(on=event("NAME", Change, key=lambda change: change.page, LIMIT), concurrency=9)
def NAME(run: Run, change: Change) -> str:
    return f"{change.page} {change.text}"
'''


def limited(name: str, limit: str) -> str:
    return LIMITED.replace("NAME", name).replace("LIMIT", limit)


def told(sidecar: LiveSidecar, name: str) -> list[tuple[str, str | None]]:
    """What became of the events, newest first, as `tend why` says it."""
    return [(each.outcome, each.reason) for each in sidecar.client.why(name, limit=100).events]


def emit(sidecar: LiveSidecar, name: str, page: str, text: str = "") -> views.Delivery:
    (delivery,) = sidecar.client.emit(name, {"page": page, "text": text}).deliveries
    return delivery


def test_an_event_over_the_rate_limit_starts_nothing_and_says_so(sidecar: LiveSidecar) -> None:
    sidecar.put("limited", limited("limited", "rate_limit=(2, timedelta(hours=1))"))
    first, second, third = (emit(sidecar, "limited", "home") for _ in range(3))
    assert [first.outcome, second.outcome, third.outcome] == ["started", "started", "limited"]
    assert third.run is None
    assert third.reason == f"2 within 1:00:00 is its rate limit; the first of them is run {first.run}"
    assert emit(sidecar, "limited", "shop").outcome == "started", "each key has its own"
    assert [outcome for outcome, _ in told(sidecar, "limited")] == ["started", "limited", "started", "started"]


def test_the_rate_limit_is_of_the_time_that_has_just_passed(sidecar: LiveSidecar) -> None:
    sidecar.put("passing", limited("passing", "rate_limit=(1, timedelta(seconds=2))"))
    first = emit(sidecar, "passing", "home")
    again = wait_until(
        lambda: next((each for each in [emit(sidecar, "passing", "home")] if each.outcome == "started"), None),
        "an event starts a run again",
    )
    began, went_on = (sidecar.client.run(str(each.run)).run.created_at for each in (first, again))
    assert (went_on - began).total_seconds() >= 2


def test_a_rate_limit_holds_over_a_restart(sidecar: LiveSidecar) -> None:
    sidecar.put("kept", limited("kept", "rate_limit=(1, timedelta(hours=1))"))
    sidecar.ended(str(emit(sidecar, "kept", "home").run))
    sidecar.restart()
    assert emit(sidecar, "kept", "home").outcome == "limited"


def test_after_a_quiet_time_the_last_event_starts_one_run(sidecar: LiveSidecar) -> None:
    sidecar.put("quiet", limited("quiet", "debounce=timedelta(seconds=2)"))
    first, second, last = (emit(sidecar, "quiet", "home", text) for text in ("a", "b", "c"))
    other = emit(sidecar, "quiet", "shop", "d")
    assert first.run == second.run == last.run != other.run
    newest = sidecar.client.events(name="quiet", limit=4)
    merged = [f"event {newest[place].id} came within 0:00:02, and stands for it" for place in (1, 2)]
    assert told(sidecar, "quiet") == [
        ("started", None),
        ("started", None),
        ("merged", merged[0]),
        ("merged", merged[1]),
    ]
    ended = sidecar.ended(str(last.run))
    assert ended.output == "home c"
    assert ended.run.started_at is not None
    assert (ended.run.started_at - newest[1].at).total_seconds() >= 2, "never early"
    assert sidecar.ended(str(other.run)).output == "shop d"
    assert len(sidecar.client.runs(skill="quiet")) == 2
    again = emit(sidecar, "quiet", "home", "e")
    assert again.run != last.run, "what has started is let alone"


def test_a_quiet_time_goes_on_over_a_restart(sidecar: LiveSidecar) -> None:
    sidecar.put("still", limited("still", "debounce=timedelta(hours=1)"))
    run = emit(sidecar, "still", "home", "a").run
    (waits,) = sidecar.client.why("still").obstacles
    assert waits.told.startswith(f"Run {run} starts when no further event has come by ")
    sidecar.kill()
    sidecar.start()
    assert emit(sidecar, "still", "home", "b").run == run
    sidecar.stop()
    sidecar.change_store(sa.update(runs).where(runs.c.id == run).values(ready_at=time.time()))
    sidecar.start()
    assert sidecar.ended(str(run)).output == "home b"


def test_a_run_that_waits_for_quiet_is_of_the_version_that_is_active_then(sidecar: LiveSidecar) -> None:
    text = limited("renewed", "debounce=timedelta(seconds=2)")
    sidecar.put("renewed", text)
    emit(sidecar, "renewed", "home", "a")
    version = sidecar.put("renewed", text.replace('f"{change.page}', 'f"new {change.page}'))
    ended = sidecar.ended(str(emit(sidecar, "renewed", "home", "b").run))
    assert (ended.output, ended.run.version) == ("new home b", version)
