"""Forgets finished runs, with all that belongs to them, once they are older than `keep_runs_days`.

A run and the runs below it go together, or not at all: not before each of them has ended and is old, and never while an
open proposal, a review of the last weeks or a skill's failures point at one of them, or another run begins with its
steps. Versions, the audit, what was said in conversations and what was spent on each day (`tend cost` reads it) stay;
so does a standing approval while it holds, or such a run has used it. Deleted in slices, so that no write waits for
long.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sidecar.batched import batched
from sidecar.caller import TEND
from sidecar.clock import Clock, moment
from sidecar.journal.copied import copied_from
from sidecar.journal.runs import FINAL
from sidecar.looking import Looking
from sidecar.registry import record_audit
from sidecar.store import Row, Store
from sidecar.store.schema import (
    approval_grants,
    approvals,
    attempts,
    blobs,
    breakers,
    budget_waits,
    caps,
    deliveries,
    effects,
    events,
    logs,
    notices,
    outbox,
    proposals,
    reservations,
    reviews,
    runs,
    slots,
    spending,
    step_attempts,
    steps,
    versions,
)

DAY = 86400.0  # seconds
REVIEWS_KEEP = 28 * DAY  # what a review cites stays to be read for that long
TRY_AGAIN_AFTER = 3600.0  # seconds
AT_ONCE = 100  # runs whose trees are looked at together
ROWS_AT_ONCE = 500  # of one table in one transaction
EFFECTS_AT_ONCE = 50  # with their blobs, which may be large

# What belongs to a run, in the order in which it goes: a crash in between leaves a run with less, that goes next time.
OF_A_RUN = (effects, reservations, budget_waits, logs, step_attempts, steps, approvals, notices, attempts)


@dataclass
class Pruned:
    """What has gone."""

    runs: int = 0
    slots: int = 0
    events: int = 0
    blobs: int = 0
    approvals: int = 0  # of no run
    grants: int = 0  # standing approvals
    conversations: int = 0  # turns whose steps have gone, and whose words stay

    def __str__(self) -> str:
        parts = [f"{self.runs:,} runs", f"{self.slots:,} slots", f"{self.events:,} events", f"{self.blobs:,} blobs"]
        parts += [f"{self.approvals:,} approvals of no run", f"{self.grants:,} standing approvals"]
        return f"{', '.join(parts)}; the steps of {self.conversations:,} turns of the agent"

    @property
    def is_nothing(self) -> bool:
        return not any(vars(self).values())


class _Old(NamedTuple):
    """A run that goes."""

    id: str
    is_turn: bool  # of a conversation, whose words stay, and its row with them


class _Sources:
    """The blobs of all versions. They are many, and read again only where a version has come since."""

    def __init__(self) -> None:
        self._versions = 0
        self._digests: set[str] = set()

    def digests(self, connection: Connection) -> set[str]:
        there = connection.scalar(sa.select(sa.func.count()).select_from(versions)) or 0
        if there != self._versions:
            self._digests = {
                blob for files in connection.scalars(sa.select(versions.c.files)) for blob in files.values()
            }
            self._versions = there
        return self._digests


class Retention:
    """Prunes at `start`, and then once a day until `stop`."""

    def __init__(self, store: Store, clock: Clock, keep_days: int) -> None:
        self._store = store
        self._clock = clock
        self._keep_days = keep_days
        self._next = 0.0
        self.looking = Looking(clock, self._look, "retention", every=TRY_AGAIN_AFTER)

    def prune(self) -> Pruned:
        """Forget what is old now. An audit row says what has gone, also where it breaks off."""
        now = self._clock.now()
        before, gone = now - self._keep_days * DAY, Pruned()
        try:
            kept = self._store.read(lambda connection: _needed(connection, now))
            sources = _Sources()
            self._store.read(sources.digests)  # while others write
            for some in batched(self._old_runs(before, kept), ROWS_AT_ONCE):
                self._forget(some, sources, gone)
            self._forget_notices(before)
            self._forget_slots(before, gone)
            self._forget_events(before, gone)
            self._forget_approvals(before, gone)
        finally:
            if not gone.is_nothing:
                subject, why = f"before {moment(before):%Y-%m-%d}", f"keep_runs_days = {self._keep_days}: {gone}"
                self._store.write(lambda connection: record_audit(connection, now, TEND, "prune", subject, why))
        return gone

    def _look(self) -> float:
        """When the next one is due."""
        if self._clock.now() >= self._next:
            self.prune()
            self._next = self._clock.now() + DAY
        return self._next

    def _old_runs(self, before: float, kept: set[str]) -> Iterator[_Old]:
        """Those that can go, tree by tree, the oldest first; of each tree the root last: until then it is found again.
        None any more when it is to stop."""
        last = 0
        while roots := self._store.rows(_old_roots(before, last)):
            last = roots[-1].seq
            for tree in self._store.read(partial(_whole, roots=roots, before=before, kept=kept)):
                if self.looking.stopping.is_set():
                    return
                yield from tree

    def _forget(self, some: Sequence[_Old], sources: _Sources, gone: Pruned) -> None:
        self._forget_details([run.id for run in some], sources, gone)
        gone.runs += self._delete_some(runs, runs.c.id.in_([run.id for run in some if not run.is_turn]))
        gone.conversations += sum(run.is_turn for run in some)

    def _forget_details(self, some: Sequence[str], sources: _Sources, gone: Pruned) -> None:
        mine = effects.c.run.in_(some)
        while (unused := self._store.write(lambda connection: _delete_effects(connection, mine, sources))) is not None:
            gone.blobs += unused
        self._delete_all(outbox, outbox.c.notice.in_(sa.select(notices.c.id).where(notices.c.run.in_(some))))
        for table in (spending, caps):
            self._delete_all(table, sa.and_(table.c.scope == "run", table.c.subject.in_(some)))
        for table in OF_A_RUN:
            self._delete_all(table, table.c.run.in_(some))

    def _forget_notices(self, before: float) -> None:
        """Those of no run."""
        old = sa.and_(notices.c.run == "", notices.c.at < before)
        self._delete_all(outbox, outbox.c.notice.in_(sa.select(notices.c.id).where(old)))
        self._delete_all(notices, old)

    def _forget_slots(self, before: float, gone: Pruned) -> None:
        """Those that are old, but for those whose run is still there."""
        still = sa.exists().where(runs.c.id == slots.c.run)
        while some := self._delete_some(slots, sa.and_(slots.c.due_at < before, ~still)):
            gone.slots += some

    def _forget_events(self, before: float, gone: Pruned) -> None:
        """Those that are older than every run under way, so that none can wait for them any more; but for those of a
        run that waits for quiet: its first one says how long it has been put off."""
        live = sa.select(sa.func.min(runs.c.created_at)).where(runs.c.state.not_in(FINAL))
        oldest = self._store.read(lambda connection: connection.scalar(live))
        until = before if oldest is None else min(before, oldest)
        of_queued = (
            sa.select(deliveries.c.event).join(runs, runs.c.id == deliveries.c.run).where(runs.c.state == "queued")
        )
        old = sa.and_(events.c.at < until, events.c.seq.not_in(of_queued))
        self._delete_all(deliveries, deliveries.c.event.in_(sa.select(events.c.seq).where(old)))
        told = sa.exists().where(deliveries.c.event == events.c.seq)  # a run may have begun meanwhile
        while some := self._delete_some(events, sa.and_(old, ~told)):
            gone.events += some

    def _forget_approvals(self, before: float, gone: Pruned) -> None:
        """Those of no run that are settled, and standing ones that hold no more and that no approval names."""
        settled = sa.func.coalesce(approvals.c.answered_at, approvals.c.expires_at, approvals.c.asked_at)
        old = sa.and_(approvals.c.run.is_(None), approvals.c.state != "open", settled < before)
        while some := self._delete_some(approvals, old):
            gone.approvals += some
        grants, used = approval_grants.c, sa.exists().where(approvals.c.grant_used == approval_grants.c.id)
        is_over = sa.or_(grants.expires_at < before, grants.revoked_at < before)
        while some := self._delete_some(approval_grants, sa.and_(is_over, ~used)):
            gone.grants += some

    def _delete_all(self, table: sa.Table, which: sa.ColumnElement[bool]) -> None:
        while self._delete_some(table, which) == ROWS_AT_ONCE:
            pass

    def _delete_some(self, table: sa.Table, which: sa.ColumnElement[bool]) -> int:
        delete = table.delete().where(_some(table, which))
        return self._store.write(lambda connection: connection.execute(delete).rowcount)


def _some(table: sa.Table, which: sa.ColumnElement[bool], at_once: int = ROWS_AT_ONCE) -> sa.ColumnElement[bool]:
    """So many of those rows as one transaction deletes."""
    key = list(table.primary_key.columns)
    return sa.tuple_(*key).in_(sa.select(*key).where(which).limit(at_once))


def _old_roots(before: float, after: int) -> sa.Select[tuple[int, str, str | None]]:
    """Runs that nothing above holds; of the agent's turns, those that have their steps still."""
    above = runs.alias("above")
    called = sa.exists().where(above.c.id == runs.c.parent)
    has_details = sa.exists().where(attempts.c.run == runs.c.id)
    return (
        sa.select(runs.c.seq, runs.c.id, runs.c.session)
        .where(runs.c.seq > after, runs.c.created_at < before, runs.c.state.in_(FINAL), runs.c.ended_at < before)
        .where(~called, sa.or_(runs.c.session.is_(None), has_details))
        .order_by(runs.c.seq)
        .limit(AT_ONCE)
    )


def _whole(connection: Connection, roots: Sequence[Row], before: float, kept: set[str]) -> list[list[_Old]]:
    """The trees of those roots that can go."""
    trees = []
    for root in roots:
        below = sa.select(runs.c.id).where(runs.c.id == root.id).cte("below", recursive=True)
        below = below.union(sa.select(runs.c.id).where(runs.c.parent == below.c.id))
        found = connection.execute(
            sa.select(runs.c.id, runs.c.state, runs.c.ended_at)
            .join(below, below.c.id == runs.c.id)
            .order_by(runs.c.seq.desc())
        ).all()
        if all(run.state in FINAL and run.ended_at < before and run.id not in kept for run in found):
            trees.append([_Old(run.id, run.id == root.id and root.session is not None) for run in found])
    return trees


def _needed(connection: Connection, now: float) -> set[str]:
    """Runs that somebody may still want to read because of what was said of them, or that others begin with."""
    found = copied_from(connection)
    for review in connection.execute(sa.select(reviews).where(reviews.c.at >= now - REVIEWS_KEEP)):
        found.add(review.run)
        found.update(run for finding in review.findings or () for run in finding["runs"])
    for proposal in connection.execute(sa.select(proposals).where(proposals.c.state == "open")):
        found.update({proposal.review} if proposal.review else ())
        found.update(proposal.finding["runs"] if proposal.finding else ())
    for breaker in connection.execute(sa.select(breakers.c.last_run, breakers.c.trial)):
        found.update(run for run in breaker if run)
    return found


def _delete_effects(connection: Connection, mine: sa.ColumnElement[bool], sources: _Sources) -> int | None:
    """Some of them, with the blobs that nothing else refers to: how many of those. None where no effect was left."""
    delete = effects.delete().where(_some(effects, mine, EFFECTS_AT_ONCE)).returning(effects.c.request, effects.c.reply)
    rows = connection.execute(delete).all()
    if not rows:
        return None
    digests = {digest for row in rows for digest in row if digest}
    used = set(connection.scalars(sa.select(effects.c.request).where(effects.c.request.in_(digests))))
    used.update(connection.scalars(sa.select(effects.c.reply).where(effects.c.reply.in_(digests))))
    used |= sources.digests(connection)
    return connection.execute(blobs.delete().where(blobs.c.hash.in_(digests - used))).rowcount
