"""A run uses the bytes that it started with until it ends, whatever becomes of the file (I11)."""

from __future__ import annotations

from tests.support.live_sidecar import LiveSidecar
from tests.support.waiting import wait_until


def patient(name: str, says: str) -> str:
    return f'''"""Wait for a yes, and say which bytes these are."""

from skills import Run, skill, step


@step
def bytes_of_this_version() -> str:
    return "{says}"


@skill(concurrency=5)
def {name}(run: Run) -> str:
    run.approve("Go on?")
    return run.step(bytes_of_this_version)
'''


def test_an_edit_during_a_run_is_for_the_next_one(sidecar: LiveSidecar) -> None:
    sidecar.put("edited", patient("edited", "first"))
    started = sidecar.client.run_skill("edited").id
    question = sidecar.approval(started)
    sidecar.put("edited", patient("edited", "second"))
    sidecar.client.answer(question.id, "yes")
    assert sidecar.ended(started).output == "first"

    later = sidecar.client.run_skill("edited").id
    sidecar.client.answer(sidecar.approval(later).id, "yes")
    assert sidecar.ended(later).output == "second"


def test_a_run_in_flight_keeps_its_bytes_through_an_edit_a_deletion_and_a_restart(sidecar: LiveSidecar) -> None:
    version = sidecar.put("deleted", patient("deleted", "first"))
    started = sidecar.client.run_skill("deleted").id
    question = sidecar.approval(started)
    sidecar.put("deleted", patient("deleted", "second"))
    sidecar.file("deleted").unlink()
    wait_until(lambda: sidecar.active("deleted") is None, "the deletion retires the skill")
    sidecar.kill()
    sidecar.start()

    sidecar.client.answer(question.id, "yes")
    ended = sidecar.ended(started)
    assert ended.output == "first"
    assert ended.run.version == version
    assert not sidecar.file("deleted").exists()
