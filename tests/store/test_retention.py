"""Old runs go whole, and never what something still needs."""

from __future__ import annotations

import secrets
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from sidecar.clock import ManualClock
from sidecar.journal.copied import origin, trigger_of_rerun
from sidecar.retention import OF_A_RUN, Retention
from sidecar.store import Store
from sidecar.store.schema import (
    approval_grants,
    approvals,
    attempts,
    audit,
    blobs,
    deliveries,
    effects,
    events,
    logs,
    metadata,
    notices,
    proposals,
    reviews,
    runs,
    slots,
    steps,
    versions,
)
from sidecar.store.store import put_blob
from tests.support.postgresql import database

NOW = datetime(2026, 11, 21, tzinfo=UTC)
DAY = 86400.0
OLD, YOUNG = 100 * DAY, 80 * DAY  # ago


class History:
    """A store in which a test writes what has happened."""

    def __init__(self, where: Path | str) -> None:
        self.store = Store(where)
        self.clock = ManualClock(NOW)
        self.retention = Retention(self.store, self.clock, keep_days=90)

    def add(self, table: sa.Table, **values: Any) -> None:
        self.store.write(lambda connection: connection.execute(table.insert().values(**values)))

    def blob(self, content: bytes) -> str:
        return self.store.write(lambda connection: put_blob(connection, content))

    def run(self, *, ago: float, state: str = "succeeded", **more: Any) -> str:
        """A run with an attempt, a step, a line of log, a notice and an effect."""
        run, at = secrets.token_hex(8), self.clock.now() - ago
        ended = at if state in ("succeeded", "failed", "cancelled") else None
        facts = {"skill": "x", "version": "v", "trigger": "call", "ready_at": at, "created_at": at, "ended_at": ended}
        self.add(runs, id=run, state=state, **facts | more)
        self.add(attempts, run=run, number=1, outcome="succeeded", started_at=at)
        key = {"run": run, "name": "s", "occurrence": 0}
        self.add(steps, **key, seq=1, kind="step", state="succeeded", arguments_hash="", started_at=at)
        self.add(logs, run=run, step="", attempt=0, seq=1, at=at, level="info", message="m")
        self.add(notices, id=secrets.token_hex(8), run=run, skill="x", target="#ops", text="t", at=at)
        self.effect(run, request=self.blob(f"request {run}".encode()), reply=self.blob(b"the same for all"))
        return run

    def effect(self, run: str, *, request: str, reply: str, n: int = 0) -> None:
        key = {"run": run, "step": "s", "occurrence": 0, "attempt": 1, "n": n}
        self.add(effects, **key, kind="http", request=request, reply=reply, started_at=0.0, ended_at=0.0)

    def approval(self, name: str, **facts: Any) -> None:
        self.add(approvals, id=name, kind="approval", skill="x", question="?", **facts)

    @contextmanager
    def when(self, statement: str, act: Callable[[sa.Connection], object]) -> Iterator[None]:
        """Before each statement that begins so something else happens, in the same transaction."""

        def before(connection: sa.Connection, _cursor: object, text: str, *_: object) -> None:
            if text.startswith(statement):
                act(connection)

        sa.event.listen(self.store.database.engine, "before_cursor_execute", before)
        try:
            yield
        finally:
            sa.event.remove(self.store.database.engine, "before_cursor_execute", before)

    def left(self) -> set[str]:
        return {row.id for row in self.store.rows(sa.select(runs.c.id))}

    def count(self, table: sa.Table) -> int:
        return self.store.read(lambda connection: connection.scalar(sa.select(sa.func.count()).select_from(table))) or 0


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    made = History(database(tmp_path))
    yield made
    made.store.close()


def test_an_old_run_goes_with_all_that_belongs_to_it_and_a_young_one_stays(history: History) -> None:
    history.run(ago=OLD)
    young = history.run(ago=YOUNG)
    gone = history.retention.prune()
    assert history.left() == {young}
    assert {table.name: history.count(table) for table in (attempts, steps, logs, notices, effects)} == {
        "attempts": 1,
        "steps": 1,
        "logs": 1,
        "notices": 1,
        "effects": 1,
    }
    assert (gone.runs, gone.blobs) == (1, 1), "the reply is needed by the young run"
    assert history.count(blobs) == 2


def test_an_audit_row_says_what_went_and_a_day_without_has_none(history: History) -> None:
    history.run(ago=OLD)
    history.retention.prune()
    history.retention.prune()
    (row,) = history.store.rows(sa.select(audit))
    assert (row.who, row.what, row.subject) == ("tend", "prune", "before 2026-08-23")
    assert row.why == (
        "keep_runs_days = 90: 1 runs, 0 slots, 0 events, 2 blobs, 0 approvals of no run, 0 standing approvals; "
        "the steps of 0 turns of the agent"
    )


@pytest.mark.parametrize("state", ["queued", "running", "waiting"])
def test_a_run_that_is_not_over_stays_however_old(history: History, state: str) -> None:
    live = history.run(ago=OLD, state=state)
    history.retention.prune()
    assert history.left() == {live}


def test_a_tree_stays_while_one_of_it_lives_or_is_young(history: History) -> None:
    parent = history.run(ago=OLD, state="waiting")
    below = history.run(ago=OLD, parent=parent)
    above = history.run(ago=OLD)
    handler = history.run(ago=YOUNG, parent=above, trigger="on_failure")
    top = history.run(ago=OLD)
    history.run(ago=OLD, parent=history.run(ago=OLD, parent=top))
    history.retention.prune()
    assert history.left() == {parent, below, above, handler}


def test_what_a_proposal_or_a_late_review_cites_stays(history: History) -> None:
    finding = {"runs": [history.run(ago=OLD)]}
    cited, reviewed = history.run(ago=OLD), history.run(ago=OLD)
    times = {"at": NOW.timestamp() - 20 * DAY, "since": 0.0, "until": 0.0}
    history.add(reviews, run=reviewed, **times, summary="", findings=[{"runs": [cited]}])
    forgotten = history.run(ago=OLD)
    history.add(reviews, run="r", **times | {"at": NOW.timestamp() - OLD}, summary="", findings=[{"runs": [forgotten]}])
    facts = {"skill": "x", "base": "b", "version": "v", "reason": "", "created_at": 0.0, "finding": finding}
    history.add(proposals, id="open", state="open", **facts)
    history.add(proposals, id="dismissed", state="dismissed", **facts | {"finding": {"runs": [forgotten]}})
    history.retention.prune()
    assert history.left() == {*finding["runs"], cited, reviewed}


def test_a_run_stays_while_another_one_begins_with_its_steps(history: History) -> None:
    """What is drawn and told in that one is by the first of them."""
    first, beside = history.run(ago=OLD), history.run(ago=OLD)
    again = history.run(ago=OLD, trigger=trigger_of_rerun(first, "s"))
    last = history.run(ago=YOUNG, trigger=trigger_of_rerun(again, "s#2"))
    whole = history.run(ago=YOUNG, trigger=trigger_of_rerun(beside, None))
    history.retention.prune()
    assert history.left() == {first, again, last, whole}
    (row,) = history.store.rows(sa.select(runs).where(runs.c.id == last))
    assert origin(history.store, row).id == first
    history.clock.advance(20 * DAY)
    for left in ({first, again}, {first}, set()):  # as often as it is done: each day
        history.retention.prune()
        assert history.left() == left


def test_a_blob_that_a_version_needs_stays(history: History) -> None:
    source = history.blob(b"the source")
    facts = {"skill": "x", "state": "active", "entry": "skills/x.py", "author": "", "reason": "", "created_at": 0.0}
    history.add(versions, hash="v", files={"skills/x.py": source}, **facts)
    history.effect(history.run(ago=OLD), request=source, reply=source, n=1)
    history.retention.prune()
    assert [row.hash for row in history.store.rows(sa.select(blobs.c.hash))] == [source]


def test_a_blob_stays_that_a_version_has_come_to_need_meanwhile(history: History) -> None:
    facts = {"skill": "x", "state": "active", "entry": "skills/x.py", "author": "", "reason": "", "created_at": 0.0}
    source, others = history.blob(b"the source"), history.blob(b"another one")
    history.add(versions, hash="v", files={"skills/x.py": others}, **facts)
    history.effect(history.run(ago=OLD), request=source, reply=others, n=1)
    new = versions.insert().values(hash="w", files={"skills/x.py": source}, **facts)
    saved: list[object] = []

    def save(connection: sa.Connection) -> None:
        if not saved:
            saved.append(connection.execute(new))

    with history.when("DELETE FROM effects", save):
        history.retention.prune()
    assert {row.hash for row in history.store.rows(sa.select(blobs.c.hash))} == {source, others}


def test_many_runs_go_together(history: History) -> None:
    facts = {"skill": "x", "state": "retired", "entry": "skills/x.py", "author": "", "reason": "", "created_at": 0.0}
    history.add(versions, hash="v", files={"skills/x.py": "v"}, **facts)
    for _ in range(20):
        history.run(ago=OLD, parent=history.run(ago=OLD))
    count: Counter[str] = Counter()
    with ExitStack() as watching:
        for statement in ("DELETE FROM steps", "DELETE FROM runs", "SELECT versions.files"):
            watching.enter_context(history.when(statement, lambda _, counted=statement: count.update([counted])))  # type: ignore[misc] # the default binds it
        assert history.retention.prune().runs == 40
    assert count == {"DELETE FROM steps": 1, "DELETE FROM runs": 1, "SELECT versions.files": 1}


def test_of_a_conversation_the_words_stay(history: History) -> None:
    turn = history.run(ago=OLD, session="s", input={"text": "hello"})
    history.run(ago=OLD, parent=turn, rehearsal=True)
    gone = history.retention.prune()
    assert (gone.runs, gone.conversations) == (1, 1)
    assert history.left() == {turn}
    assert history.count(steps) == history.count(effects) == 0
    assert history.retention.prune().is_nothing


def test_slots_go_with_their_runs(history: History) -> None:
    kept = history.run(ago=OLD, state="waiting")
    for number, (ago, run) in enumerate([(OLD, history.run(ago=OLD)), (OLD, None), (OLD, kept), (YOUNG, None)]):
        at = NOW.timestamp() - ago
        key = {"skill": "x", "schedule": "every day", "slot": str(number)}
        history.add(slots, **key, due_at=at, outcome="fired", run=run, created_at=at)
    assert history.retention.prune().slots == 2
    assert {row.slot for row in history.store.rows(sa.select(slots.c.slot))} == {"2", "3"}


def test_events_go_unless_a_run_under_way_may_want_them(history: History) -> None:
    for name, ago in (("older", OLD + DAY), ("old", OLD - DAY), ("young", YOUNG)):
        history.add(events, name=name, id="1", source="person", depth=0, at=NOW.timestamp() - ago)
    told = {row.name: row.seq for row in history.store.rows(sa.select(events))}
    for seq in told.values():
        history.add(deliveries, event=seq, skill="x", outcome="paused")
    waiting = history.run(ago=OLD, state="waiting")
    assert history.retention.prune().events == 1
    history.store.write(lambda connection: connection.execute(runs.delete().where(runs.c.id == waiting)))
    assert history.retention.prune().events == 1
    assert [row.event for row in history.store.rows(sa.select(deliveries))] == [told["young"]]


def test_the_first_event_of_a_run_that_waits_for_quiet_stays(history: History) -> None:
    """By its time is known how long the run has been put off."""
    quiet, begun = history.run(ago=YOUNG, state="queued"), history.run(ago=YOUNG)
    for run in (quiet, begun):
        history.add(events, name="changed", id=run, source="person", depth=0, at=NOW.timestamp() - OLD)
        (event,) = history.store.rows(sa.select(events.c.seq).where(events.c.id == run))
        history.add(deliveries, event=event.seq, skill="x", outcome="merged", run=run)
    assert history.retention.prune().events == 1
    assert [row.id for row in history.store.rows(sa.select(events.c.id))] == [quiet]
    assert [row.run for row in history.store.rows(sa.select(deliveries.c.run))] == [quiet]


def test_events_go_while_the_runs_that_might_want_them_end(history: History) -> None:
    for number in range(3):
        history.add(events, name="old", id=str(number), source="person", depth=0, at=NOW.timestamp() - OLD + number)
        (event,) = history.store.rows(sa.select(events.c.seq).where(events.c.id == str(number)))
        history.add(deliveries, event=event.seq, skill="x", outcome="paused")
    over = runs.update().values(state="succeeded", ended_at=NOW.timestamp())
    history.run(ago=OLD - 1, state="waiting")
    with history.when("DELETE FROM events", lambda connection: connection.execute(over)):
        assert history.retention.prune().events == 1
    assert history.retention.prune().events == 2


def test_what_went_is_on_record_also_where_it_breaks_off(history: History) -> None:
    def break_off(_: sa.Connection) -> None:
        raise ValueError("the disk is gone")

    history.run(ago=OLD)
    with history.when("DELETE FROM slots", break_off), pytest.raises(ValueError, match="the disk is gone"):
        history.retention.prune()
    (row,) = history.store.rows(sa.select(audit.c.why))
    assert row.why.startswith("keep_runs_days = 90: 1 runs, 0 slots")


def test_an_approval_of_no_run_goes_when_it_was_settled_long_ago(history: History) -> None:
    for name, state, ago in (("open", "open", OLD), ("denied", "denied", OLD), ("young", "approved", YOUNG)):
        answered = None if state == "open" else NOW.timestamp() - ago
        history.approval(name, run=None, state=state, asked_at=0.0, answered_at=answered)
    history.approval("expired", run=None, state="expired", asked_at=0.0, expires_at=NOW.timestamp() - OLD)
    history.approval("of a run", run=history.run(ago=OLD, state="waiting"), state="denied", asked_at=0.0)
    assert history.retention.prune().approvals == 2
    assert {row.id for row in history.store.rows(sa.select(approvals.c.id))} == {"open", "young", "of a run"}


def test_a_standing_approval_goes_when_it_held_long_ago_unless_a_kept_run_used_it(history: History) -> None:
    old, young, ahead = (NOW.timestamp() - ago for ago in (OLD, YOUNG, -DAY))
    facts = {"skill": "x", "version": "v", "step": "s", "reason": "", "granted_by": "ada", "granted_at": 0.0}
    for name, expires_at, revoked_at in (
        ("holds", ahead, None),
        ("over", old, None),
        ("lately over", young, None),
        ("revoked", ahead, old),
        ("lately revoked", ahead, young),
        ("used", old, None),
        ("used by an old run", old, None),
    ):
        history.add(approval_grants, id=name, expires_at=expires_at, revoked_at=revoked_at, **facts)
    kept, gone = history.run(ago=YOUNG), history.run(ago=OLD)
    history.approval("of the kept", run=kept, state="approved", asked_at=young, grant_used="used")
    history.approval("of the old", run=gone, state="approved", asked_at=old, grant_used="used by an old run")
    assert history.retention.prune().grants == 3
    left = {row.id for row in history.store.rows(sa.select(approval_grants.c.id))}
    assert left == {"holds", "lately over", "lately revoked", "used"}


def test_others_write_while_much_is_pruned(history: History) -> None:
    """No write waits for more than a slice: many find their turn meanwhile."""

    def much(connection: sa.Connection) -> None:
        run = {"run": busy, "step": "", "attempt": 0, "at": 0.0, "level": "info", "message": "m" * 100}
        connection.execute(logs.insert(), [run | {"seq": seq} for seq in range(2, 20_000)])

    busy = history.run(ago=OLD)
    history.store.write(much)
    pruning = threading.Thread(target=history.retention.prune)
    pruning.start()
    written = 0
    while pruning.is_alive():
        history.store.write(lambda connection: connection.execute(sa.text("UPDATE skills SET paused = paused")))
        written += 1
    pruning.join()
    assert history.count(logs) == 0
    assert written > 5


def test_every_table_that_belongs_to_a_run_is_known() -> None:
    """A new one has to be pruned, or to be named here."""
    on_its_own = {"slots", "deliveries", "state", "transcript", "reviews"}
    with_runs = {table.name for table in metadata.tables.values() if "run" in table.c}
    assert with_runs == {table.name for table in OF_A_RUN} | on_its_own


def test_every_reference_to_a_blob_is_known() -> None:
    """A new column of hashes is either no blob's, or has to hold back `_delete_effects`."""
    versions_hashes = {"versions.hash", "versions.base", "skills.active", "skills.newest", "runs.version"}
    others = {"blobs.hash", "steps.arguments_hash", "proposals.base", "proposals.version", "outbox.sameness"}
    others |= {"approvals.hash", "approval_grants.version"}
    hashes = {
        f"{table.name}.{column.name}"
        for table in metadata.tables.values()
        for column in table.c
        if isinstance(column.type, sa.String) and column.type.length == 64
    }
    assert hashes == versions_hashes | others | {"effects.request", "effects.reply"}
