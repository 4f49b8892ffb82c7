"""A yes beforehand: to one step of one version, to arguments of one shape, for a while, and until it is taken back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa

from sidecar.client import Refused
from sidecar.store.schema import approval_grants, audit
from tests.support.live_sidecar import LiveSidecar
from tests.support.sink import Sink
from tests.support.waiting import wait_until

ORDERING = '''"""Order what is asked for, if a person agrees."""

from datetime import timedelta

from skills import Run, http, skill, step


@step(irreversible=True, answer_within=timedelta(hours=1), on_expiry="no")
def order(item: str, count: int) -> str:
    http.METHOD("http://HOST/NAME", json=[item, count]).raise_for_status()
    return f"{count} {item}"


@skill(hosts=["HOST"], concurrency=9)
def NAME(run: Run, wanted: tuple[str, int]) -> str:
    item, count = wanted
    done = run.step_if_approved("Order it?", order, item, count=count)
    return f"{done.result} by {done.by}, {done.because}" if done else "nothing"
'''
HOUR = timedelta(hours=1)
NEEDS = {"http.put": "always"}


def ordering(name: str, sink: Sink, *, method: str = "post") -> str:
    return ORDERING.replace("NAME", name).replace("HOST", sink.host).replace("METHOD", method)


@pytest.fixture(scope="module")
def sidecar(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSidecar]:
    with LiveSidecar(tmp_path_factory.mktemp("live"), approvals=json.dumps(NEEDS)) as live:
        yield live


def deny(sidecar: LiveSidecar, name: str, *wanted: object) -> None:
    """It has to ask; the answer is no."""
    run = sidecar.client.run_skill(name, list(wanted)).id  # type: ignore[arg-type] # a text and a number
    assert sidecar.client.answer(sidecar.approval(run).id, "no").outcome == "counted"
    assert sidecar.ended(run).output == "nothing"


def test_a_yes_for_a_while_is_one_to_the_like_of_it_until_it_is_taken_back(sidecar: LiveSidecar, sink: Sink) -> None:
    sidecar.put("ordering", ordering("ordering", sink))
    first = sidecar.client.run_skill("ordering", ["pens", 3]).id
    asked = sidecar.approval(first)
    sidecar.client.answer(asked.id, "yes", "pens are cheap", always_for=HOUR, any_of=["count"])
    assert sidecar.ended(first).output == "3 pens by person, pens are cheap"
    (grant,) = sidecar.client.grants()
    assert (grant.step, grant.arguments, grant.state, grant.uses) == ("order", {"item": "pens"}, "active", 0)

    by_itself = f"500 pens by person, standing approval {grant.id}: pens are cheap"
    assert sidecar.run("ordering", ["pens", 500]).output == by_itself
    deny(sidecar, "ordering", "desks", 1)
    assert sidecar.client.grants()[0].uses == 1
    assert sink.count("/ordering") == 2

    assert sidecar.client.revoke_grant(grant.id[:6]).state == "revoked"
    deny(sidecar, "ordering", "pens", 1)
    with pytest.raises(Refused, match="was revoked before"):
        sidecar.client.revoke_grant(grant.id)
    subjects = sa.select(audit.c.what).where(audit.c.subject == f"standing approval {grant.id}").order_by(audit.c.seq)
    assert [row.what for row in sidecar.query(subjects)] == ["grant", "revoke"]


def test_other_bytes_need_another_one(sidecar: LiveSidecar, sink: Sink) -> None:
    sidecar.put("changing", ordering("changing", sink))
    made = sidecar.client.grant("changing", "order", {}, lasts=HOUR, reason="whatever it is")
    assert sidecar.run("changing", ["pens", 1]).run.state == "succeeded"
    sidecar.put("changing", ordering("changing", sink).replace("json=[item, count]", "json=[item, count * 100]"))
    assert next(each for each in sidecar.client.grants() if each.id == made.id).state == "void"
    deny(sidecar, "changing", "pens", 1)
    assert sink.count("/changing") == 1


def test_one_that_is_over_says_yes_to_nothing(sidecar: LiveSidecar, sink: Sink) -> None:
    sidecar.put("shortly", ordering("shortly", sink))
    made = sidecar.client.grant("shortly", "order", {}, lasts=timedelta(milliseconds=1))

    def is_over() -> bool:
        return next(each for each in sidecar.client.grants() if each.id == made.id).state == "expired"

    wait_until(is_over, "it expires")
    deny(sidecar, "shortly", "pens", 1)


def test_one_that_is_taken_back_before_the_step_begins_lets_nothing_begin(sidecar: LiveSidecar, sink: Sink) -> None:
    sidecar.put("hasty", ordering("hasty", sink))
    made = sidecar.client.grant("hasty", "order", {}, lasts=HOUR)
    sidecar.failpoints.strike("requests.approve.after")
    run = sidecar.client.run_skill("hasty", ["pens", 1]).id
    sidecar.exit_status()
    sidecar.failpoints.disarm()
    sidecar.change_store(
        sa.update(approval_grants).where(approval_grants.c.id == made.id).values(revoked_at=1.0, revoked_by="ann")
    )
    sidecar.start()
    ended = sidecar.ended(run)
    assert ended.run.error is not None
    assert ended.run.error.type == "ApprovalVoid"
    assert f"its standing approval {made.id} was revoked before order began" in ended.run.error.message
    assert sink.count("/hasty") == 0


def test_what_a_person_has_to_say_each_time_no_standing_one_can(sidecar: LiveSidecar, sink: Sink) -> None:
    sidecar.put("strict", ordering("strict", sink, method="put"))
    sidecar.client.grant("strict", "order", {"item": "pens"}, lasts=HOUR)
    ended = sidecar.run("strict", ["pens", 1])
    assert ended.run.error is not None
    assert "http.put needs a person's yes each time" in ended.run.error.message
    assert sink.count("/strict") == 0
    by_hand = sidecar.client.run_skill("strict", ["desks", 1]).id
    sidecar.client.answer(sidecar.approval(by_hand).id, "yes")
    assert sidecar.ended(by_hand).output == "1 desks by person, None"


def test_what_can_not_be_granted_is_refused_with_what_there_is(sidecar: LiveSidecar, sink: Sink) -> None:
    sidecar.put("refusing", ordering("refusing", sink))
    with pytest.raises(Refused, match="refusing has no irreversible step 'pay'; it has order"):
        sidecar.client.grant("refusing", "pay", {}, lasts=HOUR)
    with pytest.raises(Refused, match="for 366 days at most"):
        sidecar.client.grant("refusing", "order", {}, lasts=timedelta(days=367))
    run = sidecar.client.run_skill("refusing", ["pens", 1]).id
    asked = sidecar.approval(run)
    with pytest.raises(Refused, match="order has no argument 'colour'; it has item, count"):
        sidecar.client.answer(asked.id, "yes", always_for=HOUR, any_of=["colour"])
    with pytest.raises(Refused, match="only a yes to an irreversible step"):
        sidecar.client.answer(asked.id, "no", always_for=HOUR)
    assert sidecar.client.approval(asked.id).state == "open", "nothing was decided"
    sidecar.client.cancel(run)
