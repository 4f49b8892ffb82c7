"""A person can ask of every slot what became of it, and of every skill what keeps it from running now."""

from __future__ import annotations

import pytest

from sidecar.client import Refused, views
from tests.fundamentals.test_10_schedules import about_an_hour, ticking, turn_back_the_last_look
from tests.fundamentals.test_11_calls import ORDERS
from tests.support.live_sidecar import LiveSidecar
from tests.support.waiting import wait_until


def why(sidecar: LiveSidecar, name: str) -> views.Why:
    return sidecar.client.why(name)


def obstacles(sidecar: LiveSidecar, name: str) -> dict[str, views.Obstacle]:
    return {item.kind: item for item in why(sidecar, name).obstacles}


def newest(sidecar: LiveSidecar, name: str) -> views.Slot:
    found = wait_until(lambda: why(sidecar, name).schedules[0].slots, f"a slot of {name}")
    return found[0]


def test_a_slot_that_fired_names_its_run_and_the_next_times_follow(sidecar: LiveSidecar) -> None:
    sidecar.put("tells_slots", ticking("tells_slots", seconds=1))
    run = newest(sidecar, "tells_slots").run
    assert run is not None
    sidecar.ended(run.id)
    told = sidecar.client.why("tells_slots", limit=500)
    assert told.obstacles == ()
    (history,) = told.schedules
    assert history.declared
    assert history.schedule == "every second"
    assert len(history.next_times) == 3
    mine = next(slot for slot in history.slots if slot.run and slot.run.id == run.id)
    assert (mine.outcome, mine.run.state if mine.run else None) == ("fired", "succeeded")
    sidecar.client.remove("tells_slots")


def test_a_slot_that_did_not_fire_has_a_reason(sidecar: LiveSidecar) -> None:
    period = about_an_hour()
    sidecar.put("missed_slots", ticking("missed_slots", seconds=period))
    sidecar.stop()
    turn_back_the_last_look(sidecar, "missed_slots", 3 * period)
    sidecar.start()
    newest(sidecar, "missed_slots")
    slots = sidecar.client.why("missed_slots").schedules[0].slots
    assert [slot.outcome for slot in slots] == ["late", "missed", "missed"]
    assert all(slot.reason for slot in slots)
    assert [slot.run is None for slot in slots] == [False, True, True]
    assert len(sidecar.client.why("missed_slots", limit=1).schedules[0].slots) == 1


def test_a_pause_is_told_with_who_and_why(sidecar: LiveSidecar) -> None:
    sidecar.put("told_paused", ticking("told_paused", seconds=3600))
    sidecar.client.pause("told_paused", "holidays")
    told = obstacles(sidecar, "told_paused")["paused"]
    assert told.told == "Person paused it: holidays."
    assert told.fix == "tend skills resume told_paused"
    assert told.since is not None
    assert why(sidecar, "told_paused").schedules[0].next_times == ()
    sidecar.client.resume("told_paused")
    assert obstacles(sidecar, "told_paused") == {}


def test_refused_bytes_are_told_and_the_version_before_stays(sidecar: LiveSidecar) -> None:
    text = ticking("told_refused", seconds=3600)
    sidecar.put("told_refused", text)
    base = sidecar.client.source("told_refused").hash
    sidecar.client.write("told_refused", text.replace("-> str", "-> int"), base=base, reason="a test")
    told = obstacles(sidecar, "told_refused")["refused"]
    assert told.told == "Its newest bytes were refused with 1 problem; the version before stays live."


def test_a_run_that_waits_for_its_turn_names_the_one_that_holds_it(sidecar: LiveSidecar) -> None:
    sidecar.put("one_at_a_time", ORDERS.replace("NAME", "one_at_a_time"))
    first = sidecar.client.run_skill("one_at_a_time", {"item": "a", "ask": True}).id
    sidecar.waits(first, "approve")
    second = sidecar.client.run_skill("one_at_a_time", {"item": "b"}).id
    told = obstacles(sidecar, "one_at_a_time")["concurrency"]
    assert told.run == first
    assert told.told == f"Run {second} waits for {first} (waiting for approve): concurrency=1."
    sidecar.client.cancel(first)
    sidecar.ended(second)
    assert obstacles(sidecar, "one_at_a_time") == {}


def test_a_retired_skill_says_so_and_keeps_its_history(sidecar: LiveSidecar) -> None:
    sidecar.put("told_retired", ticking("told_retired", seconds=1))
    newest(sidecar, "told_retired")
    sidecar.client.remove("told_retired")
    told = why(sidecar, "told_retired")
    assert [item.kind for item in told.obstacles] == ["retired"]
    assert told.obstacles[0].told == "Person retired it: removed by person."
    assert [history.declared for history in told.schedules] == [False]
    assert told.schedules[0].slots


def test_a_schedule_that_was_replaced_is_told_as_a_former_one(sidecar: LiveSidecar) -> None:
    sidecar.put("told_replaced", ticking("told_replaced", seconds=1))
    newest(sidecar, "told_replaced")
    sidecar.put("told_replaced", ticking("told_replaced", seconds=3600))
    assert [history.declared for history in why(sidecar, "told_replaced").schedules] == [True, False]


def test_a_skill_that_is_not_there_says_so(sidecar: LiveSidecar) -> None:
    with pytest.raises(Refused, match="there is no skill 'nothing_here'"):
        why(sidecar, "nothing_here")
