"""kill -9, a freeze, a database that is away: runs go on elsewhere, no finished step repeats, no outcome is doubled."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress

import psycopg
import pytest
import sqlalchemy as sa

from sidecar.client import NotRunning
from sidecar.client.views import FINAL
from sidecar.store.schema import hosts, leadership, slots
from tests.hosts.fleet import Fleet, executed_by, freeze, leads, put_steps, thaw
from tests.hosts.silent import ASKS, Silent
from tests.notices.stage import SAYS, comes_to_be, say
from tests.support.live_sidecar import LiveSidecar
from tests.support.postgresql import restart
from tests.support.sink import Sink
from tests.support.slack import TOKEN, Slack
from tests.support.waiting import wait_until

EVERY_SECOND = '''"""Says when."""

from datetime import timedelta

from skills import Run, every, skill


@skill(on=every(timedelta(seconds=1)), concurrency=100)
def every_second(run: Run) -> str:
    return run.now.isoformat()
'''

HELPED = '''"""By a helper."""

from lib.shared import USED
from skills import Run, skill


@skill()
def NAME(run: Run) -> int:
    return USED
'''


def assert_each_step_once(asked: LiveSidecar, sink: Sink, runs: Collection[str], *, steps: int) -> None:
    """Each run has one good outcome. What struck them once has each body run once more at most, with the same key."""
    for detail in [asked.client.run(run) for run in runs]:
        assert detail.run.state == "succeeded"
        assert [attempt.outcome for attempt in detail.attempts].count("succeeded") == 1
        for step in detail.steps:
            outcomes = [attempt.outcome for attempt in step.attempts]
            assert step.state == "succeeded"
            assert not outcomes or outcomes.count("succeeded") == 1
    for number in range(steps):
        times = sink.keys(f"/{number}")
        assert len(times) == len(runs), "each run has its own key"
        assert max(times.values()) <= 2
    repeated = sink.paths().total() - steps * len(runs)
    assert repeated <= len(runs), "of each run one step was under way"


def start(asked: LiveSidecar, sink: Sink, count: int, *, steps: int) -> list[str]:
    sink.forget()
    return [asked.client.run_skill("steps", steps).id for _ in range(count)]


def all_end(asked: LiveSidecar, runs: Collection[str], *, within: float = 90.0) -> None:
    def ended() -> bool:
        with suppress(NotRunning):  # it starts anew
            return all(asked.state(run) in FINAL for run in runs)
        return False

    wait_until(ended, "all runs end", within=within)


def test_a_worker_is_killed_under_load(fleet: Fleet, sink: Sink) -> None:
    leader = fleet.host("leader", workers="2")
    worker = fleet.host("worker", worker=True, workers="4")
    put_steps(leader, sink)
    held = sink.hold("/5")
    runs = start(leader, sink, 12, steps=8)
    wait_until(lambda: sink.count("/5") >= 6, "both hosts are at the same step of as many runs as they have room for")
    struck = {run for run, hosts in executed_by(leader, runs).items() if hosts == ["worker"]}
    fleet.kill(worker)
    held.set()

    def went_on() -> bool:
        conducted = executed_by(leader, struck)
        return all(hosts[-1:] == ["leader"] for hosts in conducted.values())

    assert len(struck) == 4
    wait_until(went_on, "its runs go on elsewhere", within=60)
    all_end(leader, runs)
    assert_each_step_once(leader, sink, runs, steps=8)


def test_what_a_dead_host_has_reserved_keeps_no_other_one_waiting(fleet: Fleet, silent: Silent) -> None:
    """Room for one run on each host, and for one call under the cap. The one that is left has no room for the run that
    holds that, since it is busy with the one that waits for it."""
    address = silent.server.base_url
    north = fleet.host("north", workers="1", base_url=address)
    north.put("asks", ASKS)

    def asks(number: int, *, calls: int) -> str:
        run = north.client.run_skill("asks", number).id
        wait_until(lambda: len(silent.server.requests) == calls, "it has asked, and gets no answer")
        return run

    kept_busy = asks(0, calls=1)
    south = fleet.host("south", worker=True, workers="1", base_url=address)
    lost = asks(1, calls=2)
    north.client.cap("month", amount=north.client.cost().month.used)
    north.client.cancel(kept_busy)
    waits = asks(2, calls=2)
    wait_until(lambda: executed_by(north, [lost, waits]) == {lost: ["south"], waits: ["north"]}, "both are executed")
    fleet.kill(south)
    for run in (waits, lost):
        north.waits(run, "budget")
    silent.speaks = True
    north.client.cap("month", amount=1000)
    assert {north.ended(run).output for run in (waits, lost)} == {"fine"}


def test_the_leader_is_killed(fleet: Fleet) -> None:
    first = fleet.host("first")
    second = fleet.host("second")
    first.put("every_second", EVERY_SECOND)
    wait_until(lambda: len(first.client.runs(skill="every_second")) >= 2, "it runs")
    fleet.kill(first)
    leads(second, "second")
    moved = second.workspace / "skills" / "every_second.py"
    wait_until(lambda: moved.exists() and moved.read_text() == EVERY_SECOND, "the workspace moves along")
    before = len(second.client.runs(skill="every_second", limit=1000))
    wait_until(lambda: len(second.client.runs(skill="every_second", limit=1000)) > before + 2, "its schedule goes on")
    assert_every_slot_once(second)


@pytest.mark.parametrize(("point", "sent_by"), [("notices.begun", "second"), ("notices.answered", "first")])
def test_the_leader_dies_while_it_sends_a_notice(fleet: Fleet, point: str, sent_by: str) -> None:
    """The next one looks up whether it came, and sends it only where it did not."""
    with Slack(ops="C0OPS") as slack:
        toml = f"[targets.ops]\n{slack.settings}"
        first, second = (fleet.host(name, toml=toml, slack_token=TOKEN) for name in ("first", "second"))
        first.put("says", SAYS.replace("NAME", "says"))
        first.failpoints.strike(point)
        (notice,) = say(second, "ops", "bread is down")
        wait_until(lambda: not first.alive, "the leader dies at the point")
        fleet.kill(first)
        leads(second, "second")
        comes_to_be(second, notice, "sent")
        assert slack.texts() == ["bread is down"]
        assert slack.asked("chat.postMessage") == 1, f"by the {sent_by}"


def test_all_that_a_host_fetches_as_is_known_for_its_next_life(fleet: Fleet) -> None:
    """So that it need not wait for itself: the leader fetches what any host can execute, and what only it can."""
    first = fleet.host("first")
    known = sa.select(hosts.c.workers)
    wait_until(lambda: len(fleet.query(known)[0].workers) == 2, "both are on record")
    before = fleet.query(known)[0].workers
    first.kill()
    first.start()
    workers = sa.select(sa.column("id", sa.BigInteger)).select_from(sa.table("procrastinate_workers"))
    assert not {row.id for row in fleet.query(workers)} & set(before), "what was fetched before is fetched by nobody"


EDITED = EVERY_SECOND.replace("Says when.", "Says when, as the second host has it.")


def edited_elsewhere(fleet: Fleet) -> tuple[LiveSidecar, LiveSidecar, str]:
    """The first host is there again, and the second leads, with a version of its own."""
    first = fleet.host("first")
    second = fleet.host("second")
    first.put("every_second", EVERY_SECOND)
    first.stop()
    leads(second, "second")
    version = second.put("every_second", EDITED)
    first.start()
    return first, second, version


def test_what_was_edited_while_another_led_is_put_aside(fleet: Fleet) -> None:
    first, second, _ = edited_elsewhere(fleet)
    second.stop()
    leads(first, "first")
    wait_until(
        lambda: "second host" in first.file("every_second").read_text(), "the store's bytes are in its workspace"
    )
    (aside,) = (first.workspace / ".tend").glob("aside-*/skills/every_second.py")
    assert aside.read_text() == EVERY_SECOND


SLOW = """
    CREATE FUNCTION be_slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(3); RETURN NEW; END $$;
    CREATE TRIGGER slow BEFORE UPDATE ON skills FOR EACH ROW WHEN (NEW.active IS DISTINCT FROM OLD.active)
        EXECUTE FUNCTION be_slow();
"""
SLEEPS = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"


def test_another_one_leads_when_all_has_ended_that_the_leader_was_at(fleet: Fleet) -> None:
    """What goes live while it stops moves along."""
    first = fleet.host("first")
    second = fleet.host("second")
    before = first.put("every_second", EVERY_SECOND)
    led_by = sa.select(leadership.c.host, leadership.c.until > 0)
    as_ever = fleet.query(led_by)
    with psycopg.connect(fleet.database_url, autocommit=True) as connection:
        connection.execute(SLOW)
        first.save("every_second", EDITED)
        wait_until(lambda: connection.execute(SLEEPS).fetchone() == (1,), "it is about to go live", within=90)
        first.ask_to_stop()
        while connection.execute(SLEEPS).fetchone() == (1,):
            assert fleet.query(led_by) == as_ever
    leads(second, "second")
    assert second.active("every_second") != before
    wait_until(lambda: second.file("every_second").read_text() == EDITED, "it has its file", within=10)


def test_what_is_put_aside_stays_no_edit_where_the_new_leader_dies_before(fleet: Fleet) -> None:
    first, second, version = edited_elsewhere(fleet)
    first.failpoints.strike("hosts.lead_taken")
    second.stop()
    wait_until(lambda: not first.alive, "it dies as soon as the lead is its own")
    first.start()
    leads(first, "first")
    assert first.file("every_second").read_text() == EDITED
    assert first.active("every_second") == version
    (aside,) = (first.workspace / ".tend").glob("aside-*/skills/every_second.py")
    assert aside.read_text() == EVERY_SECOND


def test_a_leader_that_slept_while_another_one_led_begins_again_with_the_store_s_files(fleet: Fleet) -> None:
    """The other one is gone by the time it wakes, and its own clock has stood still."""
    first = fleet.host("first")
    first.put("every_second", EVERY_SECOND)
    fleet.write(leadership.update().values(host="another", files_of="another", until=0.0))
    whose = sa.select(leadership.c.files_of)
    wait_until(lambda: fleet.query(whose)[0].files_of != "another", "it has taken the store's files")
    leads(first, "first")


def test_a_helper_moves_along_as_the_version_has_it_that_went_live_last(fleet: Fleet) -> None:
    """Others were refused with those bytes, and stay at what they had."""
    first = fleet.host("first")
    second = fleet.host("second")
    helpers = [host.workspace / "lib" / "shared.py" for host in (first, second)]
    helpers[0].write_text("OLD = 1\nBOTH = 1\n")
    names = {"stays_before": "OLD", "goes_on": "BOTH", "stays_after": "OLD"}
    before = {name: first.put(name, HELPED.replace("NAME", name).replace("USED", used)) for name, used in names.items()}
    helpers[0].write_text("BOTH = 2\n")
    wait_until(lambda: first.active("goes_on") != before["goes_on"], "it is live with the new helper")
    for name in ("stays_before", "stays_after"):  # so that its row is written last
        first.save(name, first.file(name).read_text() + "# once more\n")
        assert first.client.check(name).problems
    live = first.active("goes_on")
    helpers[1].write_text("OLD = 0\n")
    first.stop()
    leads(second, "second")
    assert helpers[1].read_text() == "BOTH = 2\n"
    assert {name: second.active(name) for name in names} == before | {"goes_on": live}


def test_a_frozen_host_loses_its_runs_and_can_not_write_to_them(fleet: Fleet, sink: Sink) -> None:
    leader = fleet.host("leader", workers="1")
    worker = fleet.host("worker", worker=True)
    put_steps(leader, sink)
    held = sink.hold("/2")
    runs = start(leader, sink, 4, steps=4)
    wait_until(lambda: sink.count("/2") >= 4, "each is at its third step")
    freeze(worker)
    held.set()
    all_end(leader, runs)
    ended = {run: leader.client.run(run) for run in runs}
    thaw(worker)
    wait_until(worker.answers, "it starts anew")
    wait_until(lambda: "starts anew" in worker.said(), "it says that it was lost")
    assert {run: leader.client.run(run) for run in runs} == ended, "what it wrote when it thawed was refused"
    again = start(leader, sink, 4, steps=2)
    all_end(leader, again)
    assert any(hosts == ["worker"] for hosts in executed_by(leader, again).values()), "it is one of them again"


SET_FORWARD = """
    CREATE FUNCTION be_late() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN NEW.last_heartbeat = NEW.last_heartbeat - interval '1 hour'; RETURN NEW; END $$;
    CREATE TRIGGER late BEFORE UPDATE ON procrastinate_workers FOR EACH ROW EXECUTE FUNCTION be_late();
"""


def test_a_database_whose_clock_is_set_forward_makes_no_host_dead(fleet: Fleet, sink: Sink) -> None:
    """By that clock each has been silent for an hour, and yet renews itself."""
    leader = fleet.host("leader", workers="2")
    fleet.host("worker", worker=True, workers="2")
    put_steps(leader, sink)
    held = sink.hold("/1")
    runs = start(leader, sink, 4, steps=3)
    wait_until(lambda: sink.count("/1") == 4, "each is at its second step")
    with psycopg.connect(fleet.database_url, autocommit=True) as connection:
        connection.execute(SET_FORWARD)
    seen = sa.select(sa.func.min(hosts.c.seen_at))
    before = fleet.query(seen)[0][0]
    wait_until(lambda: fleet.query(seen)[0][0] > before + 3.0, "all have renewed themselves for a while")
    held.set()
    all_end(leader, runs)
    assert [len(conducted) for conducted in executed_by(leader, runs).values()] == [1] * 4
    assert sink.paths().total() == 3 * 4


def test_the_database_restarts_under_load(fleet: Fleet, sink: Sink) -> None:
    leader = fleet.host("leader")
    worker = fleet.host("worker", worker=True)
    put_steps(leader, sink)
    held = sink.hold("/4")
    runs = start(leader, sink, 10, steps=6)
    wait_until(lambda: sink.count("/4") >= 4, "they are under way")
    restart()
    held.set()
    wait_until(lambda: leader.answers() and worker.answers(), "both are there again", within=60)
    all_end(leader, runs)
    assert_each_step_once(leader, sink, runs, steps=6)


def assert_every_slot_once(asked: LiveSidecar) -> None:
    fired = sa.select(slots.c.run).where(slots.c.skill == "every_second", slots.c.outcome.in_(("fired", "late")))
    of_slots = [run for (run,) in asked.query(fired)]
    there = [run.id for run in asked.client.runs(skill="every_second", limit=1000)]
    assert sorted(of_slots) == sorted(there), "each run has one slot, and each slot that fired one run"
