"""A skill that fails again and again is held back from its triggers until a trial succeeds or a person says so."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from pydantic import JsonValue

from sidecar.client import Settings, SettingsError, load_settings, views
from sidecar.store.schema import audit, slots
from tests.support.live_sidecar import LiveSidecar
from tests.support.waiting import wait_until

MOODY = '''"""Do as a file says."""

from datetime import timedelta

from skills import Run, every, files, skill, step


@step
def mood() -> str:
    return files.read("mood.txt")


@skill(on=every(timedelta(seconds=SECONDS)), reads=["mood.txt"])
def NAME(run: Run) -> str:
    found = run.step(mood)
    if found == "bad":
        raise ValueError("in a bad mood")
    if found == "unsure":
        run.approve("Go on?")
    return found
'''


@pytest.fixture(scope="module")
def wary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSidecar]:
    """A sidecar that quarantines after two failures, for a second."""
    settings = {"breaker_failures": "2", "breaker_cool_down": "1"}
    with LiveSidecar(tmp_path_factory.mktemp("wary"), **settings) as live:
        yield live


def put(sidecar: LiveSidecar, name: str, *, seconds: int = 3600, mood: str = "bad") -> None:
    feel(sidecar, mood)
    sidecar.put(name, MOODY.replace("SECONDS", str(seconds)).replace("NAME", name))


def feel(sidecar: LiveSidecar, mood: str) -> None:
    (sidecar.workspace / "mood.txt").write_text(mood)


def skill(sidecar: LiveSidecar, name: str) -> views.Skill:
    return sidecar.client.skill(name).skill


def quarantined(sidecar: LiveSidecar, name: str) -> views.Quarantine:
    return wait_until(lambda: skill(sidecar, name).quarantine, f"{name} is quarantined")


def notices(sidecar: LiveSidecar, name: str) -> list[str]:
    """Oldest first."""
    return [item.text for item in reversed(sidecar.client.notices(limit=500)) if item.skill == name]


def fail_twice(sidecar: LiveSidecar, name: str) -> str:
    """The second run. People are told of the first before it."""
    assert sidecar.run(name).run.state == "failed"
    wait_until(lambda: notices(sidecar, name), "people are told of the first failure")
    assert skill(sidecar, name).quarantine is None
    return sidecar.run(name).run.id


def decisions(sidecar: LiveSidecar, name: str) -> list[str]:
    rows = sidecar.query(sa.select(audit.c.what).where(audit.c.subject == name).order_by(audit.c.seq))
    return [row.what for row in rows]


def test_failures_in_a_row_quarantine_a_skill_and_people_are_told(wary: LiveSidecar) -> None:
    put(wary, "fails")
    last = fail_twice(wary, "fails")
    held = quarantined(wary, "fails")
    assert held.last_run == last
    assert held.reason == "it failed 2 times in a row; the last time ValueError: in a bad mood"
    first, told = notices(wary, "fails")
    assert first.startswith("fails has failed: ValueError: in a bad mood")
    assert told.startswith("fails is quarantined: it failed 2 times in a row")
    assert "tend skills resume fails" in told
    assert f"tend runs show {last}" in told
    assert decisions(wary, "fails") == ["quarantine"]
    assert wary.client.status().quarantined == 1
    (obstacle,) = wary.client.why("fails").obstacles
    assert (obstacle.kind, obstacle.run, obstacle.fix) == ("quarantined", last, "tend skills resume fails")


def test_a_success_between_failures_keeps_it_going(wary: LiveSidecar) -> None:
    put(wary, "ups_and_downs")
    for told, mood in enumerate(("bad", "good", "bad", "good"), start=1):
        feel(wary, mood)
        wary.run("ups_and_downs")
        wait_until(lambda: len(notices(wary, "ups_and_downs")) == told, f"people are told of the {mood} run")  # noqa: B023
    assert skill(wary, "ups_and_downs").quarantine is None
    texts = notices(wary, "ups_and_downs")
    assert [text.partition(":")[0] for text in texts] == ["ups_and_downs has failed", "ups_and_downs has recovered"] * 2


def test_rehearsals_and_cancelled_runs_do_not_count(wary: LiveSidecar) -> None:
    put(wary, "not_counted")
    for _ in range(3):
        wary.run("not_counted", rehearsal=True)
    feel(wary, "unsure")
    for _ in range(3):
        run = wary.client.run_skill("not_counted").id
        wary.approval(run)
        wary.client.cancel(run)
    assert skill(wary, "not_counted").quarantine is None


CALLING = '''"""Call another skill."""

from skills import Run, Skill, skill

asked = Skill.named("asked", returns=str)


@skill()
def NAME(run: Run) -> str:
    return run.invoke(asked)
'''


def test_a_sub_run_that_a_person_cancelled_is_no_failure_of_its_caller(wary: LiveSidecar) -> None:
    put(wary, "asked", mood="unsure")
    wary.put("calling", CALLING.replace("NAME", "calling"))
    for _ in range(2):
        run = wary.client.run_skill("calling").id
        child = wait_until(lambda: wary.client.run(run).children, "it has called")[0].id  # noqa: B023
        wary.approval(child)
        wary.client.cancel(child, "not needed")
        ended = wary.ended(run).run
        assert ended.error is not None
        assert (ended.state, ended.error.type) == ("failed", "Cancelled")
    assert skill(wary, "calling").quarantine is None
    assert notices(wary, "calling") == []


TAKES = '''"""Take a number."""

from skills import Run, event, skill


class WrongInput(Exception):
    pass


@skill(on=event("taken", int))
def takes(run: Run, number: int) -> int:
    if number < 0:
        raise WrongInput("less than nothing")
    return number
'''
GIVES = '''"""Give what the other does not take."""

from skills import Run, Skill, skill

other = Skill.named("takes", takes=str, returns=int)


@skill()
def gives(run: Run) -> int:
    return run.invoke(other, "none")
'''


def test_an_input_that_it_does_not_take_is_no_failure_of_a_skill(wary: LiveSidecar) -> None:
    wary.put("takes", TAKES)
    wrongs: list[JsonValue] = ["none", None, {"number": 1}]
    for wrong in wrongs:
        error = wary.run("takes", wrong).run.error
        assert error is not None
        assert error.type == "WrongInput"
    assert skill(wary, "takes").quarantine is None
    assert notices(wary, "takes") == []


def test_but_what_it_gives_another_is_and_what_it_raises_itself(wary: LiveSidecar) -> None:
    wary.put("takes", TAKES)
    wary.put("gives", GIVES)
    fail_twice(wary, "gives")
    quarantined(wary, "gives")
    assert skill(wary, "takes").quarantine is None
    wary.run("takes", -1)
    wary.run("takes", -1)
    quarantined(wary, "takes")


def test_its_slots_have_rows_and_a_trial_that_succeeds_ends_it(wary: LiveSidecar) -> None:
    put(wary, "recovers", seconds=1)
    quarantined(wary, "recovers")
    wait_until(lambda: slots_held(wary, "recovers"), "a slot is held back")
    assert slots_held(wary, "recovers")[0].startswith("quarantined after 2 failures in a row; see run ")
    feel(wary, "good")
    wait_until(lambda: skill(wary, "recovers").quarantine is None, "a trial succeeds")
    wait_until(lambda: len(notices(wary, "recovers")) == 3, "three notices, however often a trial failed")
    wary.client.pause("recovers")
    failed, held, well = notices(wary, "recovers")
    assert (failed[:19], held[:23]) == ("recovers has failed", "recovers is quarantined")
    assert well.startswith("recovers has recovered: run ")
    assert well.endswith(" Its triggers start runs again.")
    found = decisions(wary, "recovers")
    assert (found[0], found[-2:]) == ("quarantine", ["recover", "pause"])


def test_while_the_trial_waits_no_other_is_let_through(wary: LiveSidecar) -> None:
    put(wary, "one_trial", seconds=1)
    quarantined(wary, "one_trial")
    feel(wary, "unsure")
    trial = wait_until(lambda: (skill(wary, "one_trial").quarantine or quarantined(wary, "one_trial")).trial, "a trial")
    asked = wary.approval(trial)
    wait_until(lambda: any("is its trial" in said for said in slots_held(wary, "one_trial")), "a slot waits for it")
    assert skill(wary, "one_trial").next_at is None
    feel(wary, "good")
    wary.client.cancel(trial)
    assert asked.run == trial
    wait_until(lambda: skill(wary, "one_trial").quarantine is None, "a cancelled trial makes room for another")
    wary.client.remove("one_trial")


def test_a_person_lets_it_go_on(wary: LiveSidecar) -> None:
    put(wary, "let_go")
    wary.run("let_go")
    wary.run("let_go")
    quarantined(wary, "let_go")
    assert wary.client.resume("let_go").quarantine is None
    assert decisions(wary, "let_go") == ["quarantine", "resume", "end quarantine"]
    assert wary.run("let_go").run.state == "failed"
    assert skill(wary, "let_go").quarantine is None, "it counts from the beginning"


def test_other_bytes_start_afresh(wary: LiveSidecar) -> None:
    put(wary, "mended")
    fail_twice(wary, "mended")
    quarantined(wary, "mended")
    wary.put("mended", wary.client.source("mended").text.replace('"bad"', '"worse"'))
    assert skill(wary, "mended").quarantine is None
    assert wary.run("mended").output == "bad"
    wait_until(lambda: len(notices(wary, "mended")) == 3, "people who know that it failed are told that it is well")


def test_a_quarantined_skill_can_be_called_and_a_call_that_succeeds_ends_it(wary: LiveSidecar) -> None:
    put(wary, "called")
    fail_twice(wary, "called")
    quarantined(wary, "called")
    feel(wary, "good")
    assert wary.run("called").output == "good"
    wait_until(lambda: len(notices(wary, "called")) == 3, "it is told that it has recovered")


def test_a_quarantine_survives_a_restart(tmp_path_factory: pytest.TempPathFactory) -> None:
    with LiveSidecar(tmp_path_factory.mktemp("again"), breaker_failures="1") as live:
        put(live, "stays")
        live.run("stays")
        before = quarantined(live, "stays")
        live.kill()
        live.start()
        assert skill(live, "stays").quarantine == before
        assert before.trial_from > datetime.now(UTC)
        assert len(notices(live, "stays")) == 1


def slots_held(sidecar: LiveSidecar, name: str) -> list[str]:
    rows = sidecar.query(
        sa.select(slots.c.reason, slots.c.run).where(slots.c.skill == name, slots.c.outcome == "quarantined")
    )
    assert all(row.run is None for row in rows)
    return [str(row.reason) for row in rows]


def test_a_policy_that_never_lets_a_skill_fail_is_refused(tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.raises(SettingsError, match="breaker_failures is '0'; 1 is the least"):
        load_settings(workspace=tmp_path_factory.mktemp("none"), environment={"TEND_BREAKER_FAILURES": "0"})
    assert Settings.breaker_failures == 5
