"""A slot fires once; one that did not fire has a row with the reason."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import sqlalchemy as sa

from sidecar.store.schema import schedules, slots
from tests.support.live_sidecar import LiveSidecar
from tests.support.waiting import wait_until

TICKING = '''"""Tick."""

from datetime import timedelta

from skills import Run, every, skill


@skill(on=every(timedelta(seconds=SECONDS)), catch_up="CATCH_UP")
def NAME(run: Run) -> str:
    return run.started.isoformat()
'''


def ticking(name: str, *, seconds: float, catch_up: str = "latest") -> str:
    return TICKING.replace("SECONDS", str(seconds)).replace("CATCH_UP", catch_up).replace("NAME", name)


def slots_of(sidecar: LiveSidecar, name: str) -> list[sa.Row[tuple[str, str, str | None, str | None]]]:
    """Slot, outcome, reason and run of each, in order."""
    wanted = sa.select(slots.c.slot, slots.c.outcome, slots.c.reason, slots.c.run)
    return list(sidecar.query(wanted.where(slots.c.skill == name).order_by(slots.c.due_at)))


def turn_back_the_last_look(sidecar: LiveSidecar, name: str, seconds: float) -> None:
    """As if nobody had looked at this skill's schedule for that long. The sidecar is stopped."""
    known = schedules.update().where(schedules.c.skill == name)
    sidecar.change_store(known.values(seen_until=schedules.c.seen_until - seconds))


def about_an_hour() -> int:
    """A period in seconds, none of whose slots is within a few minutes of now: what was missed is late."""
    return next(period for period in range(3_600, 7_200) if 120 < time.time() % period < period - 300)


def test_each_slot_fires_once(sidecar: LiveSidecar) -> None:
    sidecar.put("ticker", ticking("ticker", seconds=1))
    wait_until(lambda: len(slots_of(sidecar, "ticker")) >= 2, "two slots have come")
    sidecar.client.pause("ticker")
    found = [row for row in slots_of(sidecar, "ticker") if row.outcome == "fired"]
    assert len({row.slot for row in found}) == len({row.run for row in found}) == len(found)
    runs = {run.id for run in sidecar.client.runs(skill="ticker")}
    assert {row.run for row in found} == runs


def test_paused_slots_have_a_row_and_no_run_and_resuming_goes_on(sidecar: LiveSidecar) -> None:
    sidecar.put("paused", ticking("paused", seconds=1))
    sidecar.client.pause("paused", "holidays")
    shown = sidecar.client.skill("paused").skill
    assert (shown.paused, shown.paused_reason, shown.next_at) == (True, "holidays", None)
    row = wait_until(lambda: [row for row in slots_of(sidecar, "paused") if row.outcome == "paused"], "a paused slot")[
        0
    ]
    assert row.run is None
    assert row.reason == "the skill is paused"
    sidecar.client.resume("paused")
    wait_until(lambda: slots_of(sidecar, "paused")[-1].outcome == "fired", "a slot fires again")
    sidecar.client.pause("paused")


def test_slots_that_nobody_saw_are_accounted_for_at_the_next_start(sidecar: LiveSidecar) -> None:
    """`latest` fires once, late; `skip` not at all; `all` each of them; and each slot has its row."""
    period = about_an_hour()
    for policy in ("latest", "skip", "all"):
        sidecar.put(f"catches_{policy}", ticking(f"catches_{policy}", seconds=period, catch_up=policy))
    sidecar.stop()
    for policy in ("latest", "skip", "all"):
        turn_back_the_last_look(sidecar, f"catches_{policy}", 3 * period)
    sidecar.start()
    try:
        wait_until(lambda: slots_of(sidecar, "catches_all"), "the slots have rows")
        outcomes = {policy: slots_of(sidecar, f"catches_{policy}") for policy in ("latest", "skip", "all")}
        assert [row.outcome for row in outcomes["latest"]] == ["missed", "missed", "late"]
        assert "a later one stands for it" in str(outcomes["latest"][0].reason)
        assert "no sidecar ran" in str(outcomes["latest"][2].reason)
        assert [row.outcome for row in outcomes["skip"]] == ["missed"] * 3
        assert "does not catch up" in str(outcomes["skip"][2].reason)
        assert [row.outcome for row in outcomes["all"]] == ["late"] * 3
        assert len({row.run for row in outcomes["all"]}) == 3
        assert all(row.reason for rows in outcomes.values() for row in rows)
        assert len(sidecar.client.runs(skill="catches_latest")) == 1
        assert sidecar.client.runs(skill="catches_skip") == []
    finally:
        for policy in ("latest", "skip", "all"):
            sidecar.client.remove(f"catches_{policy}")


def test_the_next_times_are_told(sidecar: LiveSidecar) -> None:
    text = ticking("weekly", seconds=1).replace("every(timedelta(seconds=1))", 'cron("0 9 * * 1", tz="Europe/Berlin")')
    sidecar.put(
        "weekly",
        text.replace("import Run, every", "import Run, cron").replace("from datetime import timedelta\n\n", ""),
    )
    detail = sidecar.client.skill("weekly")
    assert "09:00" in detail.skill.schedule
    assert "Monday" in detail.skill.schedule
    assert len(detail.next_times) == 3
    assert all(time > datetime.now(UTC) for time in detail.next_times)


def test_a_run_that_is_asked_for_now_is_no_slot_and_runs_while_paused(sidecar: LiveSidecar) -> None:
    sidecar.put("run_now", ticking("run_now", seconds=3600))
    next_at = sidecar.client.skill("run_now").skill.next_at
    assert sidecar.run("run_now").run.trigger == "call by person"
    assert sidecar.client.skill("run_now").skill.next_at == next_at
    sidecar.client.pause("run_now")
    assert sidecar.run("run_now").run.state == "succeeded"
    assert slots_of(sidecar, "run_now") == []
