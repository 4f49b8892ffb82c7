"""A run that is over can be run once more: as it was, with another input, or from one of its steps on."""

from __future__ import annotations

import random

import pytest

from sidecar.client import Refused
from tests.support.live_sidecar import LiveSidecar
from tests.support.sink import Sink
from tests.support.waiting import wait_until

ORDERS = '''"""Fetch, then ship."""

from datetime import timedelta

from skills import Run, http, skill, step


@step
def fetch(item: str) -> str:
    http.post(f"http://HOST/NAME/fetch/{item}").raise_for_status()
    return item.upper()


@step
def ship(item: str) -> str:
    http.post(f"http://HOST/NAME/ship/{item}").raise_for_status()
    return f"shipped {item}"


@skill(hosts=["HOST"], concurrency=9)
def NAME(run: Run, item: str) -> str:
    fetched = run.step(fetch, item)
    return run.step(ship, fetched)
'''

WIPE = '''"""Do what cannot be undone."""

from datetime import timedelta

from skills import Run, http, skill, step


@step(irreversible=True, answer_within=timedelta(hours=1), on_expiry="no")
def wipe(disk: str) -> str:
    http.post(f"http://HOST/NAME/{disk}").raise_for_status()
    return disk


@skill(hosts=["HOST"], concurrency=9)
def NAME(run: Run) -> str:
    done = run.step_if_approved("Wipe it?", wipe, "sda")
    run.approve("Go on?")
    return f"wiped {done.result}" if done else "kept"
'''

STUBBORN = '''"""Never give up."""

from datetime import timedelta

from skills import Run, StepFailed, skill, step


@step(attempts=3, backoff=timedelta(microseconds=1))
def fail(number: int) -> None:
    raise OSError("still down")


@skill()
def stubborn(run: Run) -> list[str]:
    ended = run.map(fail, list(range(510)), at_once=1, failures="return")
    return [each.message for each in ended if isinstance(each, StepFailed) and each.type == "LimitReached"]
'''


def text(source: str, name: str, sink: Sink) -> str:
    return source.replace("NAME", name).replace("HOST", sink.host)


def failed_run(sidecar: LiveSidecar, sink: Sink, name: str) -> str:
    """A run that fetched, and could not ship."""
    sink.replies[f"/{name}/ship/TEA"].append((403, {}))
    sidecar.put(name, text(ORDERS, name, sink))
    ended = sidecar.run(name, "tea")
    assert ended.run.state == "failed"
    return ended.run.id


def test_a_rerun_is_a_new_run_with_the_same_input(sidecar: LiveSidecar, sink: Sink) -> None:
    old = failed_run(sidecar, sink, "again")
    ended = sidecar.ended(sidecar.client.rerun(old).id)
    assert (ended.run.trigger, ended.input, ended.output) == (f"rerun of {old}", "tea", "shipped TEA")
    assert sink.count("/again/fetch/tea") == 2
    assert sidecar.state(old) == "failed", "the old one stays as it was"


def test_a_rerun_from_a_step_repeats_nothing_before_it(sidecar: LiveSidecar, sink: Sink) -> None:
    old = failed_run(sidecar, sink, "onwards")
    ended = sidecar.ended(sidecar.client.rerun(old, from_step="ship").id)
    assert (ended.run.trigger, ended.output) == (f"rerun of {old} from ship", "shipped TEA")
    assert sink.count("/onwards/fetch/tea") == 1
    assert sink.count("/onwards/ship/TEA") == 2


def test_a_rerun_takes_the_active_version_or_the_same(sidecar: LiveSidecar, sink: Sink) -> None:
    old = failed_run(sidecar, sink, "mended")
    sidecar.put("mended", text(ORDERS, "mended", sink).replace('f"shipped {item}"', 'f"sent {item}"'))
    assert sidecar.ended(sidecar.client.rerun(old, from_step="ship").id).output == "sent TEA"
    assert sidecar.ended(sidecar.client.rerun(old, from_step="ship", version="same").id).output == "shipped TEA"


def test_with_another_input_than_the_steps_had_it_stops(sidecar: LiveSidecar, sink: Sink) -> None:
    old = failed_run(sidecar, sink, "other")
    assert sidecar.ended(sidecar.client.rerun(old, payload="milk").id).output == "shipped MILK"
    stopped = sidecar.ended(sidecar.client.rerun(old, from_step="ship", payload="salt").id)
    assert stopped.run.error is not None
    assert stopped.run.error.type == "ReplayMismatch"
    assert sink.count("/other/ship/SALT") == 0


def test_a_yes_is_for_one_execution(sidecar: LiveSidecar, sink: Sink) -> None:
    """What was done is not done again; from the step itself, a person is asked again."""
    sidecar.put("wiped", text(WIPE, "wiped", sink))
    run = sidecar.client.run_skill("wiped").id
    sidecar.client.answer(sidecar.approval(run).id, "yes")
    wait_until(lambda: sidecar.approval(run).question == "Go on?", "it is wiped")
    sidecar.client.cancel(run)
    after = sidecar.client.rerun(run, from_step="approve").id
    sidecar.client.answer(sidecar.approval(after).id, "yes")
    assert sidecar.ended(after).output == "wiped sda"
    assert sink.count("/wiped/sda") == 1
    anew = sidecar.client.rerun(run, from_step="wipe").id
    asked = sidecar.approval(anew)
    assert asked.question == "Wipe it?"
    sidecar.client.cancel(anew)
    assert sink.count("/wiped/sda") == 1


def test_what_cannot_be_run_again_is_refused_with_a_reason(sidecar: LiveSidecar, sink: Sink) -> None:
    old = failed_run(sidecar, sink, "refused")
    with pytest.raises(Refused, match="no step 'sell'; it has: fetch, ship"):
        sidecar.client.rerun(old, from_step="sell")
    sidecar.client.remove("refused")
    with pytest.raises(Refused, match="--version same"):
        sidecar.client.rerun(old)
    held = sink.hold("/under_way/fetch/tea")
    sidecar.put("under_way", text(ORDERS, "under_way", sink))
    running = sidecar.client.run_skill("under_way", "tea").id
    with pytest.raises(Refused, match="cancel it first"):
        sidecar.client.rerun(running)
    held.set()
    sidecar.ended(running)


def test_the_retries_of_a_run_are_counted_over_all_its_steps(sidecar: LiveSidecar) -> None:
    sidecar.put("stubborn", STUBBORN)
    ended = sidecar.ended(sidecar.client.run_skill("stubborn").id, within=60)
    assert isinstance(ended.output, list)
    assert len(ended.output) == 10, "500 items had two retries each"
    assert "1,000 times" in str(ended.output[0])
    assert "OSError: still down" in str(ended.output[0])


PARALLEL = '''"""Ask many hosts, and a skill."""

from datetime import timedelta

from skills import Run, StepFailed, http, skill, step


@step
def fetch(number: int) -> int:
    return int(http.get(f"http://HOST/NAME/{number}").json()["count"])


@skill(hosts=["HOST"], concurrency=9, deadline=timedelta(seconds=DEADLINE))
def NAME(run: Run) -> list[int]:
    return run.map(fetch, [0, 1, 2])
'''

PARENT = '''"""Ask another skill, and say how that went."""

from skills import Run, Skill, StepFailed, skill

child = Skill.named("asking", returns=None)


@skill(concurrency=9)
def parent(run: Run) -> str:
    try:
        run.invoke(child)
        said = "it ended"
    except StepFailed as error:
        said = error.type
    run.approve("Go on?")
    return said
'''

ASKING = '''"""Wait for a person."""

from skills import Run, skill


@skill(concurrency=9)
def asking(run: Run) -> None:
    run.approve("Really?")
'''

BY_CHANCE = '''"""Take a number and a day, then ask."""

from skills import Run, skill, step


@step
def keep(number: float, day: str) -> float:
    return number


@skill(concurrency=9)
def by_chance(run: Run) -> list[float]:
    kept = [run.step(keep, run.random.random(), run.started.isoformat())]
    run.approve("Go on?")
    return [*kept, run.step(keep, run.random.random(), run.started.isoformat())]
'''


def test_what_ended_only_with_its_run_is_done_again(sidecar: LiveSidecar, sink: Sink) -> None:
    held = [sink.hold(f"/in_time/{number}") for number in (1, 2)]
    sidecar.put("in_time", text(PARALLEL, "in_time", sink).replace("DEADLINE", "4"))
    old = sidecar.run("in_time").run
    assert old.error is not None
    assert old.error.type == "DeadlineExceeded"
    for each in held:
        each.set()
    ended = sidecar.ended(sidecar.client.rerun(old.id, from_step="fetch#3").id)
    assert (ended.run.error, ended.run.state) == (None, "succeeded")
    assert sink.count("/in_time/0") == 1, "that one had ended by itself"


def test_a_sub_run_that_a_person_has_cancelled_stays_cancelled(sidecar: LiveSidecar) -> None:
    sidecar.put("asking", ASKING)
    sidecar.put("parent", PARENT)
    old = sidecar.client.run_skill("parent").id
    sidecar.waits(old, "invoke")
    (child,) = sidecar.client.runs(skill="asking")
    sidecar.client.cancel(child.id)
    sidecar.approval(old)
    sidecar.client.cancel(old)
    anew = sidecar.client.rerun(old, from_step="approve").id
    sidecar.client.answer(sidecar.approval(anew).id, "yes")
    assert sidecar.ended(anew).output == "Cancelled"
    assert len(sidecar.client.runs(skill="asking")) == 1


def test_chance_and_the_start_are_those_of_the_run_whose_steps_it_has(sidecar: LiveSidecar) -> None:
    sidecar.put("by_chance", BY_CHANCE)
    runs = [sidecar.client.run_skill("by_chance").id]
    sidecar.approval(runs[0])
    for _ in range(2):  # the second is the rerun of a rerun
        sidecar.client.cancel(runs[-1])
        runs.append(sidecar.client.rerun(runs[-1], from_step="approve").id)
        question = sidecar.approval(runs[-1])
    sidecar.client.answer(question.id, "yes")
    ended = sidecar.ended(runs[-1])
    assert ended.run.error is None
    first = random.Random(runs[0])
    assert ended.output == [first.random(), first.random()]
