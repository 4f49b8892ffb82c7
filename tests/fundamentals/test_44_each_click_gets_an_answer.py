"""Of all who answer an approval one decides, and each is told what came of it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from sidecar.client import Client, NotRunning, views
from sidecar.store.schema import approvals, audit, runs
from tests.support.live_sidecar import LiveSidecar
from tests.support.sink import Sink
from tests.support.waiting import wait_until

APPROVERS = {"*": ["person", "ann"], "guarded": ["ann"]}

PAGING = '''"""Page somebody, if a person agrees."""

from datetime import timedelta

from skills import Run, http, skill, step


@step(irreversible=True, answer_within=timedelta(seconds=WITHIN), on_expiry="no")
def page(name: str) -> str:
    http.post("http://HOST/NAME", json=name).raise_for_status()
    return f"paged {name}"


@skill(hosts=["HOST"], concurrency=99)
def NAME(run: Run) -> str:
    done = run.step_if_approved("Page Ada?", page, "Ada")
    return done.result or "?" if done else "nobody"
'''

CLICK = """
import sys
from pathlib import Path
from sidecar.client import Client, load_settings
client = Client(load_settings(workspace=Path(sys.argv[1])), who=sys.argv[2], via=sys.argv[3])
print("ready", flush=True)
sys.stdin.readline()
print(client.answer(sys.argv[4], sys.argv[5]).outcome, flush=True)
"""


def paging(name: str, sink: Sink, *, within: float = 3600) -> str:
    return PAGING.replace("NAME", name).replace("HOST", sink.host).replace("WITHIN", str(within))


@pytest.fixture(scope="module")
def sidecar(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSidecar]:
    with LiveSidecar(tmp_path_factory.mktemp("live"), approvers=json.dumps(APPROVERS)) as live:
        yield live


def asked_by(sidecar: LiveSidecar, run: str) -> views.Approval:
    """What the run has asked, answered or not."""
    wanted = sa.select(approvals.c.id).where(approvals.c.run == run)
    return sidecar.client.approval(wait_until(lambda: sidecar.query(wanted), f"run {run} asks")[0].id)


def decisions(sidecar: LiveSidecar, approval: str) -> int:
    """How many are on record."""
    return len(sidecar.query(sa.select(audit.c.what).where(audit.c.subject == f"approval {approval}")))


def click(sidecar: LiveSidecar, approval: views.Approval, text: str, *, at: datetime | None = None) -> views.Answered:
    """Through a connection of its own; as soon as it is `at`."""
    with Client(sidecar.client.settings) as client:
        wait_until(lambda: at is None or datetime.now(UTC) >= at, "its time has come")
        return client.answer(approval.id, text)


def test_of_many_clicks_at_once_one_counts_and_each_is_answered(sidecar: LiveSidecar, sink: Sink) -> None:
    sidecar.put("clicked", paging("clicked", sink))
    run = sidecar.client.run_skill("clicked").id
    asked = sidecar.approval(run)
    said = ["yes", "no"] * 4
    with ThreadPoolExecutor(len(said)) as pool:
        answered = list(pool.map(lambda text: click(sidecar, asked, text), said))
    assert Counter(each.outcome for each in answered) == {"counted": 1, "already": len(said) - 1}
    (counted,) = [text for text, each in zip(said, answered, strict=True) if each.outcome == "counted"]
    assert sidecar.ended(run).output == ("paged Ada" if counted == "yes" else "nobody")
    state = "approved" if counted == "yes" else "denied"
    assert all(f"already {state} by person" in each.said for each in answered if each.outcome == "already")
    assert decisions(sidecar, asked.id) == 1


def test_of_two_surfaces_at_once_one_decides(sidecar: LiveSidecar, sink: Sink) -> None:
    sidecar.put("surfaces", paging("surfaces", sink))
    run = sidecar.client.run_skill("surfaces").id
    asked = sidecar.approval(run)
    clients = [
        subprocess.Popen(
            [sys.executable, "-c", CLICK, str(sidecar.workspace), who, via, asked.id, text],
            env=sidecar.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for who, via, text in (("person", "web", "yes"), ("ann", "slack", "no"))
    ]
    for client in clients:
        assert client.stdout is not None
        assert client.stdout.readline() == "ready\n"
    with ThreadPoolExecutor(len(clients)) as pool:
        outcomes = list(pool.map(lambda client: client.communicate("\n", timeout=60)[0].strip(), clients))
    assert sorted(outcomes) == ["already", "counted"]
    decided = sidecar.client.approval(asked.id)
    assert (decided.by, decided.via, decided.state) in {("person", "web", "approved"), ("ann", "slack", "denied")}
    assert sidecar.ended(run).output == ("paged Ada" if decided.state == "approved" else "nobody")


def test_a_click_beside_the_expiry_decides_or_is_told_that_it_came_too_late(sidecar: LiveSidecar, sink: Sink) -> None:
    sidecar.put("expiring", paging("expiring", sink, within=2))
    asked = [asked_by(sidecar, sidecar.client.run_skill("expiring").id) for _ in range(8)]

    def beside(number: int) -> views.Answered:
        expires = asked[number].expires_at
        assert expires is not None
        return click(sidecar, asked[number], "yes", at=expires + timedelta(milliseconds=5 * (number - 6)))

    with ThreadPoolExecutor(len(asked)) as pool:
        answered = list(pool.map(beside, range(len(asked))))
    for approval, answer in zip(asked, answered, strict=True):
        assert approval.run is not None
        assert answer.outcome in ("counted", "late")
        assert (sidecar.ended(approval.run).output == "paged Ada") == (answer.outcome == "counted")
        expected = "approved" if answer.outcome == "counted" else "expired"
        assert sidecar.client.approval(approval.id).state == expected
        assert decisions(sidecar, approval.id) == 1


def test_it_expires_though_nobody_clicks_and_a_late_click_is_told_so(sidecar: LiveSidecar, sink: Sink) -> None:
    sidecar.put("swept", paging("swept", sink, within=0.5))
    run = sidecar.client.run_skill("swept").id
    assert sidecar.ended(run).output == "nobody"
    asked = asked_by(sidecar, run)
    assert asked.state == "expired"
    late = sidecar.client.answer(asked.id, "yes")
    assert late.outcome == "late"
    assert "that was a no: Page Ada?" in late.said
    assert sink.count("/swept") == 0


def test_who_is_not_on_the_list_and_what_is_not_there_are_told_so(sidecar: LiveSidecar, sink: Sink) -> None:
    sidecar.put("guarded", paging("guarded", sink))
    run = sidecar.client.run_skill("guarded").id
    asked = sidecar.approval(run)
    refused = sidecar.client.answer(asked.id, "yes")
    assert refused.outcome == "not_allowed"
    assert "person is not among the approvers of guarded" in refused.said
    assert sidecar.client.answer("no such id", "yes").outcome == "not_found"
    with Client(sidecar.client.settings, who="ann") as ann:
        assert ann.answer(asked.id, "no").outcome == "counted"
    assert sidecar.ended(run).output == "nobody"


def test_a_click_on_what_a_run_asked_that_is_over_is_told_that_it_is_void(sidecar: LiveSidecar, sink: Sink) -> None:
    sidecar.put("cancelled", paging("cancelled", sink))
    run = sidecar.client.run_skill("cancelled").id
    asked = sidecar.approval(run)
    sidecar.client.cancel(run)
    clicked = sidecar.client.answer(asked.id, "yes")
    assert clicked.outcome == "void"
    assert "its run is over" in clicked.said
    assert sink.count("/cancelled") == 0


def test_a_yes_is_to_the_bytes_that_were_shown_whatever_is_saved_since(sidecar: LiveSidecar, sink: Sink) -> None:
    shown = sidecar.put("edited", paging("edited", sink))
    run = sidecar.client.run_skill("edited").id
    asked = sidecar.approval(run)
    sidecar.put("edited", paging("edited", sink).replace("json=name", 'json="everybody"'))
    sidecar.client.answer(asked.id, "yes")
    assert sidecar.ended(run).output == "paged Ada"
    assert asked.call is not None
    assert asked.call.version == shown
    assert [item.body for item in sink.received if item.path == "/edited"] == ['"Ada"']


def test_other_bytes_than_those_that_were_shown_make_a_yes_void(sidecar: LiveSidecar, sink: Sink) -> None:
    sidecar.put("swapped", paging("swapped", sink))
    run = sidecar.client.run_skill("swapped").id
    asked = sidecar.approval(run)
    other = sidecar.put("swapped", paging("swapped", sink).replace("json=name", 'json="everybody"'))
    sidecar.stop()
    sidecar.change_store(sa.update(runs).where(runs.c.id == run).values(version=other))
    sidecar.start()
    assert sidecar.client.answer(asked.id, "yes").outcome == "counted"
    ended = sidecar.ended(run)
    assert ended.run.error is not None
    assert ended.run.error.type == "ApprovalVoid"
    assert "by other bytes" in ended.run.error.message
    assert sidecar.client.answer(asked.id, "yes").outcome == "void"
    assert sink.count("/swapped") == 0


@pytest.mark.parametrize(("point", "was_taken"), [("approvals.answered", True), ("store.commit.before", False)])
def test_a_click_that_a_crash_strikes_is_taken_once(
    sidecar: LiveSidecar, sink: Sink, point: str, was_taken: bool
) -> None:
    name = f"struck_{was_taken}".lower()
    sidecar.put(name, paging(name, sink))
    run = sidecar.client.run_skill(name).id
    asked = sidecar.approval(run)
    sidecar.waits(run, "approve")
    sidecar.failpoints.strike(point)
    with pytest.raises(NotRunning):
        sidecar.client.answer(asked.id, "yes")
    sidecar.exit_status()
    sidecar.failpoints.disarm()
    sidecar.start()
    again = sidecar.client.answer(asked.id, "yes")
    assert again.outcome == ("already" if was_taken else "counted")
    assert sidecar.ended(run).output == "paged Ada"
    assert sink.count(f"/{name}") == 1
    assert decisions(sidecar, asked.id) == 1
