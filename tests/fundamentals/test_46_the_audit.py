"""Who decided what, when and why: on record with the decision itself, and nobody changes the record (I20)."""

from __future__ import annotations

import json

from tests.support.live_sidecar import LiveSidecar

TEXT = '''"""Say a word."""

from skills import Run, skill


@skill()
def NAME(run: Run) -> bool:
    return bool(run.approve("Really?").by)
'''


def test_each_decision_about_a_skill_has_its_row_with_who_and_why(sidecar: LiveSidecar) -> None:
    client, text = sidecar.client, TEXT.replace("NAME", "decided")
    first = sidecar.put("decided", text)
    sidecar.put("decided", text.replace("Really", "Truly"))
    client.restore("decided", first)
    client.pause("decided", "too loud")
    client.resume("decided")
    asked = client.run_skill("decided").id
    client.answer(sidecar.approval(asked).id, "no", "not today")
    sidecar.ended(asked)
    client.rerun(asked)
    (again, _) = client.runs(skill="decided")
    sidecar.approval(again.id)
    client.cancel(again.id, "enough")
    client.stop("decided", "a drill")
    client.start("decided")
    client.remove("decided")

    rows = client.audit(skill="decided")
    told = [(row.what, row.who, row.why) for row in reversed(rows)]
    assert told == [
        ("activate", "person", "a test"),
        ("activate", "person", "a test"),
        ("activate", "person", f"back to {first[:8]}"),
        ("pause", "person", "too loud"),
        ("resume", "person", ""),
        ("denied", "person", "not today"),
        ("rerun", "person", f"run {again.id}"),
        ("cancel", "person", "enough"),
        ("stop", "person", "a drill"),
        ("start", "person", ""),
        ("retire", "person", "removed by person"),
    ]
    assert [row.what for row in client.audit(skill="decided", what="pause", who="person")] == ["pause"]
    assert not client.audit(skill="decided", who="agent")
    later = client.audit(skill="decided", since=rows[1].at)
    assert [row.what for row in later] == ["retire", "start"]


def test_settings_that_changed_since_the_last_start_are_on_record_once(sidecar: LiveSidecar) -> None:
    sidecar.stop()
    sidecar.start(TEND_WORKERS="5", TEND_ANTHROPIC_API_KEY="sk-not-to-be-told")
    sidecar.stop()
    sidecar.start(TEND_WORKERS="5")
    sidecar.restart()
    changed = [json.loads(row.why) for row in sidecar.client.audit(what="settings")]
    assert changed[:2] == [{"workers": 8}, {"workers": 5}]
