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
from sidecar.store.schema import runs


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
        state: views.RunState | None = None,
        version: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 50,
    ) -> list[views.Run]:
        """`since` and `until` are of when they were made; `version` is a hash, or the first letters of one."""
        query = sa.select(runs).order_by(runs.c.seq.desc()).limit(max(1, min(limit, 1000)))
        if skill:
            query = query.where(runs.c.skill == skill)
        elif caller.is_agent:
            query = query.where(runs.c.skill != "agent")
        if state:
            query = query.where(runs.c.state == state)
        if version:
            query = query.where(runs.c.version.startswith(version, autoescape=True))
        if since:
            query = query.where(runs.c.created_at >= since.timestamp())
        if until:
            query = query.where(runs.c.created_at < until.timestamp())
        return self._store.read(lambda connection: run_views(connection, connection.execute(query).all()))

    @command("runs.show", agent=True)
    def show(self, caller: Caller, run: str) -> views.RunDetail:
        row = self.find(run)
        detail = self._store.read(lambda connection: run_detail(connection, row))
        return run_excerpt(detail) if caller.is_agent else detail

    @command("runs.cancel")
    def cancel(self, caller: Caller, run: str, reason: str = "") -> views.Run:
        """On disk before any process is touched; the processes are dead when this returns."""
        row, now = self.find(run), self._clock.now()
        if row.state in views.FINAL:
            raise CommandRefused("over", f"run {row.id} is {row.state} already")

        def change(connection: Connection) -> list[str]:
            record_audit(connection, now, caller.who, "cancel", f"run {row.id}", reason, skill=row.skill)
            return cancel(connection, row.id, reason or f"cancelled by {caller.who}", now)

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
