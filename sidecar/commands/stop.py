"""The switch: everything, or one skill, is stopped at once, and goes on when a person says so."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sidecar.caller import Caller, CommandRefused
from sidecar.client import views
from sidecar.clock import Clock
from sidecar.commands.show import run_views, stop_view
from sidecar.commands.table import command
from sidecar.dispatch.dispatcher import Dispatcher
from sidecar.failpoints import failpoint
from sidecar.journal.runs import may_have_happened
from sidecar.journal.stops import EVERYTHING, all_stops, hold, let_go, lift_stop, put_stop
from sidecar.moments import Moments
from sidecar.registry import Registry, record_audit
from sidecar.store import Row, Store
from sidecar.store.schema import runs

AT_ONCE = 8  # attempts that are ended at the same time
ENDED_WITHIN = 5.0  # seconds, here and on other hosts


class StopCommands:
    def __init__(
        self, store: Store, clock: Clock, registry: Registry, dispatcher: Dispatcher, moments: Moments
    ) -> None:
        self._store = store
        self._clock = clock
        self._registry = registry
        self._dispatcher = dispatcher
        self._moments = moments

    @command("stop")
    def stop(self, caller: Caller, skill: str | None = None, reason: str = "") -> views.Halt:
        """On disk before any process is touched; the processes are dead when this returns. Given again, it ends
        whatever is still there."""
        name, now = self._known(skill), self._clock.now()

        def change(connection: Connection) -> Sequence[str]:
            if put_stop(connection, name, caller.who, reason, now):
                record_audit(connection, now, caller.who, "stop", name or "everything", reason, skill=skill)
            return hold(connection)

        held = self._store.write(change)
        failpoint("stop.stored")
        self._end(held)
        self._moments.publish("stop", skill=skill, state="stopped", by=caller.who, reason=reason)
        return self._store.read(lambda connection: _halt(connection, all_stops(connection)[name], held))

    @command("start")
    def start(self, caller: Caller, skill: str | None = None) -> views.Halt:
        """Lift the stop; what it held goes on."""
        name, now = self._known(skill), self._clock.now()

        def change(connection: Connection) -> views.Halt:
            lifted = lift_stop(connection, name)
            if lifted is None:
                raise CommandRefused(
                    "not_stopped", f"{name or 'everything'} is not stopped. How it stands: tend status"
                )
            record_audit(connection, now, caller.who, "start", name or "everything", skill=skill)
            return _halt(connection, lifted, let_go(connection))

        lifted = self._store.write(change)
        self._dispatcher.nudge()
        self._moments.publish("stop", skill=skill, state="started", by=caller.who, reason="")
        return lifted

    def _known(self, skill: str | None) -> str:
        if skill is None:
            return EVERYTHING
        self._registry.row(skill)
        return skill

    def _end(self, held: Sequence[str]) -> None:
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="stop") as pool:
            list(pool.map(self._dispatcher.stop_run, held))
        until = time.monotonic() + ENDED_WITHIN
        while self._still_running(held) and time.monotonic() < until:
            time.sleep(0.02)  # until the outcome of each attempt is on disk, by whoever conducts it

    def _still_running(self, held: Sequence[str]) -> bool:
        running = sa.select(runs.c.id).where(runs.c.id.in_(held), runs.c.state == "running").limit(1)
        return self._store.row(running) is not None


def _halt(connection: Connection, stop: Row, held: Sequence[str]) -> views.Halt:
    """Without the runs that ended well before they could be stopped."""
    live = (runs.c.id.in_(held), runs.c.ended_at.is_(None))
    found = connection.execute(sa.select(runs).where(*live).order_by(runs.c.seq)).all()
    return views.Halt(
        stop=stop_view(stop),
        runs=tuple(run_views(connection, found)),
        in_doubt=tuple(row.id for row in found if may_have_happened(connection, row.id)),
    )
