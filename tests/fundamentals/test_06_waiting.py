"""A run that waits keeps no process: it sleeps, or asks a person, and goes on where it was."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.support.live_sidecar import LiveSidecar
from tests.support.waiting import wait_until

WAITING = '''"""Wait."""

from datetime import timedelta

from skills import Run, skill


@skill(concurrency=9)
def NAME(run: Run) -> str:
    BODY
'''


def waiting(name: str, body: str) -> str:
    return WAITING.replace("NAME", name).replace("BODY", body)


def test_a_sleeping_run_keeps_no_process_and_wakes_in_time(sidecar: LiveSidecar) -> None:
    sidecar.put("sleeper", waiting("sleeper", 'run.sleep(timedelta(seconds=1.5))\n    return "awake"'))
    asleep = sidecar.waits(sidecar.client.run_skill("sleeper").id, "sleep")
    assert asleep.attempts[0].outcome == "suspended"
    assert sidecar.client.status().running == ()
    ended = sidecar.ended(asleep.run.id)
    assert ended.output == "awake"
    assert ended.run.ended_at is not None
    assert ended.run.started_at is not None
    assert ended.run.ended_at - ended.run.started_at >= timedelta(seconds=1.5), "never early"


def test_a_sleep_goes_on_through_a_restart_and_is_not_begun_again(sidecar: LiveSidecar) -> None:
    sidecar.put("long_sleeper", waiting("long_sleeper", 'run.sleep(timedelta(days=1))\n    return "awake"'))
    before = sidecar.waits(sidecar.client.run_skill("long_sleeper").id, "sleep")
    sidecar.kill()
    sidecar.start()
    after = sidecar.client.run(before.run.id)
    assert (after.run.state, after.run.wake_at) == ("waiting", before.run.wake_at)


ASK = 'answer = run.approve("Go on?"EXPIRES)\n    return f"{bool(answer)} {answer.by} {answer.because}"'


@pytest.mark.parametrize(("said", "output"), [("yes", "True ada because"), ("no", "False ada because")])
def test_an_approval_is_answered_by_a_person(sidecar: LiveSidecar, said: str, output: str) -> None:
    sidecar.put(f"asks_{said}", waiting(f"asks_{said}", ASK.replace("EXPIRES", "")))
    started = sidecar.client.run_skill(f"asks_{said}").id
    question = sidecar.approval(started)
    assert question.question == "Go on?"
    sidecar.waits(started, "approve")
    sidecar.client.who = "ada"
    sidecar.client.answer(question.id, said, "because")
    sidecar.client.who = "person"
    assert sidecar.ended(started).output == output


def test_an_approval_is_answered_once(sidecar: LiveSidecar) -> None:
    sidecar.put("asks_once", waiting("asks_once", ASK.replace("EXPIRES", "")))
    started = sidecar.client.run_skill("asks_once").id
    question = sidecar.approval(started)
    sidecar.client.answer(question.id, "no")
    second = sidecar.client.answer(question.id, "yes")
    assert second.outcome == "already"
    assert "already denied by person" in second.said
    assert sidecar.ended(started).output == "False person None"


def test_an_approval_that_expires_is_a_no(sidecar: LiveSidecar) -> None:
    expires = ', expires_in=timedelta(seconds=1), on_expiry="no"'
    sidecar.put("expires", waiting("expires", ASK.replace("EXPIRES", expires)))
    started = sidecar.client.run_skill("expires").id
    question = sidecar.approval(started)
    assert sidecar.ended(started).output == "False None nobody answered in time"
    assert sidecar.client.approvals() == []
    late = sidecar.client.answer(question.id, "yes")
    assert late.outcome == "late"
    assert "expired before your answer" in late.said


def test_an_approval_that_expires_may_fail_the_run_where_its_author_says_so(sidecar: LiveSidecar) -> None:
    expires = ', expires_in=timedelta(seconds=1), on_expiry="fail"'
    sidecar.put("insists", waiting("insists", ASK.replace("EXPIRES", expires)))
    started = sidecar.client.run_skill("insists").id
    asked = sidecar.approval(started)
    assert asked.on_expiry == "fail"
    failed = sidecar.ended(started).run
    assert failed.state == "failed"
    assert failed.error is not None
    assert "nobody answered in time: Go on?" in failed.error.message
    assert "failed" in sidecar.client.answer(asked.id, "yes").said


def test_an_approval_that_would_never_expire_is_refused(sidecar: LiveSidecar) -> None:
    expires = ', expires_in=timedelta.max, on_expiry="no"'
    sidecar.put("patient", waiting("patient", ASK.replace("EXPIRES", expires)))
    failed = sidecar.run("patient").run
    assert failed.error is not None
    assert "expires_in" in failed.error.message
    assert "less than or equal to 31622400" in failed.error.message


def test_what_waits_is_shown(sidecar: LiveSidecar) -> None:
    sidecar.put("shown", waiting("shown", ASK.replace("EXPIRES", "")))
    started = sidecar.client.run_skill("shown").id
    sidecar.waits(started, "approve")
    status = sidecar.client.status()
    assert started in [run.id for run in status.waiting]
    assert started in [approval.run for approval in status.approvals]
    sidecar.client.cancel(started)
    wait_until(lambda: started not in [item.run for item in sidecar.client.approvals()], "its question is gone")
