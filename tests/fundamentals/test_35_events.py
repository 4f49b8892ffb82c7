"""An event starts each skill that listens to it, in the transaction that stores it."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from sidecar.client import NotRunning, Refused, views
from sidecar.store.schema import events
from tests.support.live_sidecar import LiveSidecar
from tests.support.waiting import wait_until

LISTENER = '''"""Say what happened."""

from pydantic import BaseModel

from skills import Run, cron, event, skill


class Incident(BaseModel):
    service: str
    level: int = 1


@skill(on=event("NAME.opened", Incident))
def NAME(run: Run, incident: Incident) -> str:
    return f"{incident.service} {incident.level}"
'''

EMITTER = '''"""Say that something happened."""

from pydantic import BaseModel

from skills import Run, event, skill


class Count(BaseModel):
    n: int


@skill(HEAD)
def NAME(run: Run, count: Count) -> str:
    run.emit("EVENT", Count(n=count.n + 1), id=IDENTITY)
    return "emitted"
'''


def listener(name: str) -> str:
    return LISTENER.replace("NAME", name)


def emitter(name: str, event: str, *, head: str = "", identity: str = "None") -> str:
    made = EMITTER.replace("NAME", name).replace("EVENT", event).replace("HEAD", head)
    return made.replace("IDENTITY", identity)


def started(sidecar: LiveSidecar, event: views.Event) -> views.RunDetail:
    """The one run that the event started, ended."""
    (delivery,) = event.deliveries
    assert delivery.run is not None, delivery
    return sidecar.ended(delivery.run)


def test_an_event_starts_what_listens_to_it(sidecar: LiveSidecar) -> None:
    sidecar.put("opened", listener("opened"))
    sent = sidecar.client.emit("opened.opened", {"service": "api", "level": 3})
    ended = started(sidecar, sent)
    assert ended.output == "api 3"
    assert ended.run.trigger == "event opened.opened"
    assert sidecar.client.events(name="opened.opened") == [sent]
    assert sidecar.client.skill("opened").skill.schedule == "on opened.opened"


def test_an_event_starts_every_skill_that_listens(sidecar: LiveSidecar) -> None:
    sidecar.put("first", listener("first"))
    sidecar.put("second", listener("second").replace("second.opened", "first.opened"))
    sent = sidecar.client.emit("first.opened", {"service": "api"})
    assert [(each.skill, each.outcome) for each in sent.deliveries] == [("first", "started"), ("second", "started")]


def test_an_event_that_nobody_listens_to_is_kept(sidecar: LiveSidecar) -> None:
    sent = sidecar.client.emit("unheard", [1, 2])
    assert sent.deliveries == ()
    assert sidecar.client.events(name="unheard")[0].payload == [1, 2]


def test_the_same_id_is_the_same_event(sidecar: LiveSidecar) -> None:
    sidecar.put("once", listener("once"))
    sent = sidecar.client.emit("once.opened", {"service": "api"}, id="incident-7")
    again = sidecar.client.emit("once.opened", {"service": "other"}, id="incident-7")
    assert (sent.is_new, again.is_new) == (True, False)
    assert again.model_copy(update={"is_new": True}) == sent
    assert len(sidecar.client.runs(skill="once")) == 1
    assert sidecar.client.emit("once.closed", None, id="incident-7").is_new, "an id belongs to its event's name"


def test_a_payload_of_the_wrong_type_fails_the_run_before_its_body(sidecar: LiveSidecar) -> None:
    sidecar.put("typed", listener("typed"))
    error = started(sidecar, sidecar.client.emit("typed.opened", {"level": "high"})).run.error
    assert error is not None
    assert error.type == "WrongInput"
    assert "service: Field required" in error.message


def test_an_event_for_a_paused_skill_has_a_row_that_says_so(sidecar: LiveSidecar) -> None:
    sidecar.put("held", listener("held"))
    sidecar.client.pause("held")
    (delivery,) = sidecar.client.emit("held.opened", {"service": "api"}).deliveries
    assert (delivery.outcome, delivery.reason, delivery.run) == ("paused", "the skill is paused", None)
    sidecar.client.resume("held")
    assert sidecar.client.emit("held.opened", {"service": "api"}).deliveries[0].outcome == "started"


def test_a_removed_skill_listens_no_more_and_a_new_version_to_what_it_names(sidecar: LiveSidecar) -> None:
    sidecar.put("moving", listener("moving"))
    sidecar.put("moving", listener("moving").replace("moving.opened", "moving.closed"))
    assert sidecar.client.emit("moving.opened", {"service": "api"}).deliveries == ()
    assert [each.skill for each in sidecar.client.emit("moving.closed", {"service": "api"}).deliveries] == ["moving"]
    sidecar.client.remove("moving")
    assert sidecar.client.emit("moving.closed", {"service": "api"}).deliveries == ()


def test_a_run_emits_once_however_often_it_is_replayed(sidecar: LiveSidecar) -> None:
    text = emitter("replaying", "replayed").replace('return "emitted"', 'run.approve("On?")\n    return "emitted"')
    sidecar.put("replaying", text)
    run = sidecar.client.run_skill("replaying", {"n": 1}).id
    sidecar.client.answer(sidecar.approval(run).id, "yes")
    assert len(sidecar.ended(run).attempts) == 2
    (sent,) = sidecar.client.events(name="replayed")
    assert (sent.source, sent.depth, sent.payload) == (f"run {run}", 1, {"n": 2})


def test_runs_that_emit_with_the_same_id_tell_one_event(sidecar: LiveSidecar) -> None:
    sidecar.put("deduped", emitter("deduped", "told", identity='f"order-{count.n}"'))
    for n in (1, 1, 2):
        sidecar.run("deduped", {"n": n})
    assert [each.id for each in sidecar.client.events(name="told")] == ["order-2", "order-1"]


def test_a_schedule_and_an_event_may_start_the_same_skill(sidecar: LiveSidecar) -> None:
    text = listener("either").replace(
        'event("either.opened", Incident)', 'event("either.opened", Incident) | cron("0 9 * * *")'
    )
    text = text.replace("incident: Incident)", "incident: Incident | None)")
    text = text.replace('return f"', 'return "nothing" if incident is None else f"')
    sidecar.put("either", text)
    assert started(sidecar, sidecar.client.emit("either.opened", {"service": "api"})).output == "api 1"
    assert sidecar.run("either").output == "nothing"
    schedule = sidecar.client.skill("either").skill.schedule
    assert schedule.startswith("at 09:00")
    assert schedule.endswith("; on either.opened")


def test_a_rehearsal_emits_nothing(sidecar: LiveSidecar) -> None:
    sidecar.put("rehearsed", emitter("rehearsed", "never"))
    assert sidecar.run("rehearsed", {"n": 1}, rehearsal=True).output == "emitted"
    assert sidecar.client.events(name="never") == []


def test_a_circle_of_events_ends_at_the_limit(sidecar: LiveSidecar) -> None:
    sidecar.put("circle", emitter("circle", "turn", head='on=event("turn", Count)'))
    sidecar.client.emit("turn", {"n": 0})

    def deepest() -> views.Run | None:
        return next(iter(sidecar.client.runs(skill="circle", state="failed")), None)

    ended = wait_until(deepest, "the circle ends")
    assert ended.error is not None
    assert ended.error.type == "TooDeep"
    assert [each.depth for each in sidecar.client.events(name="turn")] == list(range(10, -1, -1))


@pytest.mark.parametrize("name", ["", "no spaces", "succeeded:other", "x" * 101])
def test_what_is_no_name_is_refused(sidecar: LiveSidecar, name: str) -> None:
    with pytest.raises(Refused, match="is no event's name") as refused:
        sidecar.client.emit(name)
    assert refused.value.type == "EventName"


def test_a_payload_has_a_limit(sidecar: LiveSidecar) -> None:
    with pytest.raises(Refused, match="1,048,576 is the most"):
        sidecar.client.emit("large", "x" * 2_000_000)


BY_KEY = '''"""Wait, one run for each service."""

from pydantic import BaseModel

from skills import Run, event, skill


class Incident(BaseModel):
    service: str


@skill(on=event("by_key", Incident, key=lambda incident: incident.service), concurrency=1)
def by_key(run: Run, incident: Incident) -> str:
    run.approve("Go on?")
    return incident.service
'''


def test_concurrency_is_counted_by_key(sidecar: LiveSidecar) -> None:
    sidecar.put("by_key", BY_KEY)
    runs = [str(sidecar.client.emit("by_key", {"service": name}).deliveries[0].run) for name in ("api", "api", "web")]
    sidecar.waits(runs[0], "approve")
    sidecar.waits(runs[2], "approve")
    assert sidecar.state(runs[1]) == "queued"
    sidecar.client.answer(sidecar.approval(runs[0]).id, "yes")
    sidecar.waits(runs[1], "approve")


def test_an_event_in_the_store_has_its_runs_there_too(sidecar: LiveSidecar) -> None:
    """Killed between the two, nothing of it is there, and the client was told nothing."""
    sidecar.put("together", listener("together"))
    sidecar.failpoints.strike("events.stored")
    with pytest.raises(NotRunning):
        sidecar.client.emit("together.opened", {"service": "api"}, id="1")
    assert sidecar.exit_status() == -9
    assert sidecar.query(sa.select(events).where(events.c.name == "together.opened")) == []
    sidecar.start()
    assert started(sidecar, sidecar.client.emit("together.opened", {"service": "api"}, id="1")).output == "api 1"


def test_there_is_a_limit_to_how_many_of_a_name_may_come_in_a_minute(sidecar: LiveSidecar) -> None:
    for n in range(1_000):
        sidecar.client.emit("flood", n)
    with pytest.raises(Refused, match="1,000 events 'flood' came within a minute") as refused:
        sidecar.client.emit("flood", 1_000)
    assert refused.value.type == "TooManyEvents"
    sidecar.client.emit("trickle", 1)  # others are let through
