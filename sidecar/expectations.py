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
    if expected.same_output_at_most is not None:
        same = _same_in_a_row(connection, run, result.output, expected.same_output_at_most + 1)
        if same > expected.same_output_at_most:
            return f"the same output {same} times in a row, expected at most {expected.same_output_at_most}"
    if expected.silence_at_most is not None and result.nothing_to_report is not None:
        return _silence(connection, run, expected.silence_at_most, now)
    return None


def _same_in_a_row(connection: Connection, run: Row, output: JsonValue, at_most: int) -> int:
    """How many of the newest good runs, this one included, gave this output."""
    before = connection.scalars(
        sa.select(runs.c.output)
        .where(
            runs.c.skill == run.skill,
            runs.c.state == "succeeded",
            runs.c.trigger != "on_failure",
            ~runs.c.rehearsal,
            runs.c.seq < run.seq,
        )
        .order_by(runs.c.seq.desc())
        .limit(at_most * 10)
    )
    count, mine = 1, _canonical(output)
    for earlier in before:
        if _canonical(earlier) != mine:
            break
        count += 1
    return count


def _silence(connection: Connection, run: Row, at_most: float, now: float) -> str | None:
    """As `dead_man` tells of it; None where the skill's active version expects it no more."""
    held = connection.execute(silences().where(expected.c.skill == run.skill)).one_or_none()
    silent = now - held.quiet_since if held else 0.0
    return f"nothing to report for {silent:.0f} s, expected at most {at_most:g} s" if silent > at_most else None


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True)
