"""Whether a run that ended well was a good one: what its skill declared, held against what it did."""

from __future__ import annotations

import json

import sqlalchemy as sa
from pydantic import JsonValue
from sqlalchemy.engine import Connection

from sidecar.checker.manifest import Expectation
from sidecar.notices.dead_man import silences
from sidecar.notices.tell import SAID
from sidecar.store import Row
from sidecar.store.schema import expected, notices, runs
from skills.wire import Succeeded

AT_ONCE = 20  # outputs that are read: each may be as large as one can be


def broken_expectation(
    connection: Connection, run: Row, result: Succeeded, expected: Expectation, now: float
) -> str | None:
    """The first expectation that the run broke, in words; None for a good run. Called before its end is written."""
    if expected.within is not None and now - run.started_at > expected.within:
        return f"took {now - run.started_at:.1f} s, expected within {expected.within:g} s"
    if expected.messages_at_most is not None:
        mine = (notices.c.run == run.id, notices.c.kind == SAID)
        sent = connection.scalar(sa.select(sa.func.count()).where(*mine)) or 0
        if sent > expected.messages_at_most:
            return f"sent {sent} messages, expected at most {expected.messages_at_most}"
    most = expected.same_output_at_most
    if most is not None and _gave_the_same(connection, run, result.output, most):
        return f"the same output more than {most} times in a row, expected at most {most}"
    if expected.silence_at_most is not None and result.nothing_to_report is not None:
        return _silence(connection, run, expected.silence_at_most, now)
    return None


def _gave_the_same(connection: Connection, run: Row, output: JsonValue, times: int) -> bool:
    """Whether so many of the newest good runs before this one gave this output."""
    mine, last, left = _canonical(output), run.seq, times
    good = sa.select(runs.c.seq, runs.c.output).where(
        runs.c.skill == run.skill, runs.c.state == "succeeded", runs.c.trigger != "on_failure", ~runs.c.rehearsal
    )
    while left > 0:
        some = good.where(runs.c.seq < last).order_by(runs.c.seq.desc()).limit(min(left, AT_ONCE))
        before = connection.execute(some).all()
        if not before or any(_canonical(earlier.output) != mine for earlier in before):
            return False
        last, left = before[-1].seq, left - len(before)
    return True


def _silence(connection: Connection, run: Row, at_most: float, now: float) -> str | None:
    """As `dead_man` tells of it; None where the skill's active version expects it no more."""
    held = connection.execute(silences().where(expected.c.skill == run.skill)).one_or_none()
    silent = now - held.quiet_since if held else 0.0
    return f"nothing to report for {silent:.0f} s, expected at most {at_most:g} s" if silent > at_most else None


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True)
