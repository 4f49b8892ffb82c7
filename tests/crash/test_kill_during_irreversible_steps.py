"""kill -9 around an irreversible step: it is done once, or nobody knows and a person says; never twice."""

from __future__ import annotations

import pytest

from sidecar.client import views
from sidecar.client.views import FINAL
from tests.crash.story import Struck
from tests.support.live_sidecar import LiveSidecar
from tests.support.sink import Sink

WIPE = '''"""Do what cannot be undone."""

from datetime import timedelta

from skills import Run, http, skill, step


@step(irreversible=True, answer_within=timedelta(hours=1), on_expiry="no")
def wipe(disk: str) -> str:
    http.post("http://HOST/wipe").raise_for_status()
    return disk


@skill(hosts=["HOST"], concurrency=9)
def wiping(run: Run) -> str:
    done = run.step_if_approved("Wipe it?", wipe, "sda")
    return f"wiped {done.result}" if done else "kept"
'''

# Where the process is killed, whether the world has been asked by then, and whether its outcome is on record.
POINTS = [
    ("requests.approve.after", False, True),
    ("approvals.answered", False, True),
    ("irreversible.intended", False, False),
    ("worker.begin.after", False, False),
    ("effects.perform.before", False, False),
    ("gateway.http.before", False, False),
    ("gateway.http.after", True, False),
    ("effects.perform.after", True, False),
    ("effects.record.after", True, False),
    ("worker.finish.before", True, False),
    ("journal.finish.before", True, False),
    ("journal.finish.after", True, True),
    ("worker.finish.after", True, True),
    ("outcome.conclude.before", True, True),
]


@pytest.mark.parametrize(("point", "asked_by_then", "known"), POINTS)
def test_it_is_done_once_or_unknown_and_never_twice(
    sidecar: LiveSidecar, sink: Sink, point: str, asked_by_then: bool, known: bool
) -> None:
    sink.forget()
    sidecar.put("wiping", WIPE.replace("HOST", sink.host))
    struck = Struck(sidecar, point, 2 if point == "outcome.conclude.before" else 1)
    run = sidecar.client.run_skill("wiping").id
    approval = struck.until(lambda: _asked(sidecar, run, "approval"), "asks for approval")
    struck.answer(approval.id, "yes")
    struck.until(lambda: sidecar.state(run) in FINAL or _asked(sidecar, run, "unknown"), "it ends, or nobody knows")
    unknown = _asked(sidecar, run, "unknown")
    assert (unknown is None) == known
    assert sink.count("/wipe") == int(asked_by_then or known)
    if unknown is not None:
        sidecar.client.answer(unknown.id, "done" if asked_by_then else "not-done")
        struck.until(lambda: sidecar.state(run) in FINAL, "it ends")
    expected = "wiped sda" if known else "wiped None" if asked_by_then else "kept"
    assert sidecar.client.run(run).output == expected
    assert sink.count("/wipe") == int(asked_by_then or known), "it never runs again by itself"


def _asked(sidecar: LiveSidecar, run: str, kind: str) -> views.Approval | None:
    return next((item for item in sidecar.client.approvals() if item.run == run and item.kind == kind), None)
