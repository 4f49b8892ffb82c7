"""Commands about runs."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sidecar.caller import Caller, CommandRefused
from sidecar.client import views
from sidecar.clock import Clock
from sidecar.commands.excerpt import run_excerpt
from sidecar.commands.show import run_detail, run_views
from sidecar.commands.table import command
from sidecar.dispatch.dispatcher import Dispatcher
from sidecar.failpoints import failpoint
from sidecar.journal.runs import cancel
from sidecar.moments import Moments
from sidecar.registry import record_audit
from sidecar.store import Row, Store
from sidecar.store.schema import runs, steps, versions
from sidecar.store.values import to_json

LISTED_AT_MOST = 1_000


class RunCommands:
    def __init__(self, store: Store, clock: Clock, dispatcher: Dispatcher, moments: Moments) -> None:
        self._store = store
        self._clock = clock
        self._dispatcher = dispatcher
        self._moments = moments

    @command("runs.list", agent=True)
    def list_newest(
        self,
        caller: Caller,
        skill: str | None = None,
        state: views.RunState | list[views.RunState] | None = None,
        version: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 50,
    ) -> list[views.Run]:
        """Newest first. Those in any of several states are found by one look, between two of which they may change."""
        narrowed = views.Narrowed(skill=skill, version=version, since=since, until=until)
        query = _newest(narrowed, max(1, min(limit, LISTED_AT_MOST)))
        if state is not None:
            query = query.where(runs.c.state.in_([state] if isinstance(state, str) else state))
        if caller.is_agent and not skill:
            query = query.where(runs.c.skill != "agent")
        return self._store.read(lambda connection: run_views(connection, connection.execute(query).all()))

    @command("runs.search")
    def search(
        self,
        caller: Caller,  # noqa: ARG002 # every command is given its caller
        narrowed: views.Narrowed,
        text: str = "",
        limit: int = 50,
    ) -> views.Found:
        """Those with this text in input, output or error, or in what one of their steps was given or returned, whatever
        its case. Only the newest of those that match else are looked through."""
        wanted = max(1, min(limit, LISTED_AT_MOST))
        if not text:
            rows = _newest(narrowed, wanted)
            return self._store.read(
                lambda connection: views.Found(runs=tuple(run_views(connection, connection.execute(rows))), whole=True)
            )
        newest = _newest(narrowed, views.LOOKED_THROUGH).subquery()
        in_a_step = _holds(text, steps.c.arguments, steps.c.result)
        of_a_step = sa.select(steps.c.run).where(steps.c.run == newest.c.id, in_a_step)
        of_a_step = of_a_step.offset(0)  # or PostgreSQL looks through the steps of all runs
        here = sa.or_(_holds(text, newest.c.input, newest.c.output, newest.c.error), of_a_step.exists())
        query = sa.select(newest).where(here).order_by(newest.c.seq.desc()).limit(wanted)
        counted = sa.select(sa.func.count()).select_from(newest)

        def read(connection: Connection) -> views.Found:
            found = run_views(connection, connection.execute(query).all())
            looked_through = connection.scalar(counted) or 0
            return views.Found(runs=tuple(found), whole=looked_through < views.LOOKED_THROUGH)

        return self._store.read(read)

    @command("runs.show", agent=True)
    def show(self, caller: Caller, run: str, step: str | None = None) -> views.RunDetail:
        """With what the calls of this step asked and were answered; of EVERY_STEP, those of all."""
        row = self.find(run)
        bodies_of = views.EVERY_STEP if caller.is_agent else step
        detail = self._store.read(lambda connection: run_detail(connection, row, bodies_of))
        return run_excerpt(detail) if caller.is_agent else detail

    @command("runs.cancel", stores=True)
    def cancel(self, caller: Caller, run: str, reason: str = "") -> views.Run:
        """On disk before any process is touched; the processes are dead when this returns."""
        row, now = self.find(run), self._clock.now()

        def change(connection: Connection) -> list[str]:
            cancelled = cancel(connection, row.id, reason or f"cancelled by {caller.who}", now)
            if not cancelled:
                state = connection.scalar(sa.select(runs.c.state).where(runs.c.id == row.id))
                raise CommandRefused("over", f"run {row.id} is {state} already")
            record_audit(connection, now, caller.who, "cancel", f"run {row.id}", reason, skill=row.skill)
            return cancelled

        cancelled = self._store.write(change)
        failpoint("runs.cancelled")
        for one in cancelled:
            self._dispatcher.stop_run(one)
        self._dispatcher.nudge()
        self._moments.publish("run", run=row.id, skill=row.skill, state="cancelled", trigger=row.trigger)
        return self._view(row.id)

    def find(self, run: str) -> Row:
        """By id, or the first letters of it."""
        begins = runs.c.id.startswith(run, autoescape=True)
        near = runs.c.id.between(run, f"{run}g")  # ids are hexadecimal; LIKE by itself reads every run
        found = self._store.rows(sa.select(runs).where(near, begins).limit(2))
        if not run or not found:
            raise CommandRefused("not_found", f"there is no run {run!r}. See: tend runs list")
        if len(found) > 1:
            raise CommandRefused("ambiguous", f"more than one run begins with {run!r}; give more of the id")
        return found[0]

    def _view(self, run: str) -> views.Run:
        row = self.find(run)
        return self._store.read(lambda connection: run_views(connection, [row])[0])


def _newest(narrowed: views.Narrowed, limit: int) -> sa.Select[tuple[object, ...]]:
    query = sa.select(runs).order_by(runs.c.seq.desc()).limit(limit)
    for column, wanted in ((runs.c.skill, narrowed.skill), (runs.c.state, narrowed.state)):
        if wanted:
            query = query.where(column == wanted)
    for column, wanted in ((runs.c.version, narrowed.version), (runs.c.trigger, narrowed.trigger)):
        if wanted:
            query = query.where(column.startswith(wanted, autoescape=True))
    if narrowed.version:  # by its skill, whose runs have an index
        has_it = versions.c.hash.startswith(narrowed.version, autoescape=True)
        query = query.where(runs.c.skill.in_(sa.select(versions.c.skill).where(has_it)))
    if narrowed.since:
        query = query.where(runs.c.created_at >= narrowed.since.timestamp())
    if narrowed.until:
        query = query.where(runs.c.created_at < narrowed.until.timestamp())
    return query


def _holds(text: str, *columns: sa.ColumnElement[object]) -> sa.ColumnElement[bool]:
    """The text as JSON has it, in one of these columns."""
    written = to_json(text)[1:-1]
    return sa.or_(*(sa.cast(column, sa.Text).icontains(written, autoescape=True) for column in columns))
