"""Two hosts that may lead and one that never does, each with a way of its own to the server."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

import sqlalchemy as sa

from sidecar.store.schema import attempts, hosts, leadership
from tests.hosts.fleet import Fleet
from tests.support.live_sidecar import LiveSidecar
from tests.support.postgresql import socket_file, through
from tests.support.proxy import Proxy
from tests.support.waiting import wait_until

WORKER = "worker"
WELL_WITHIN = 90.0  # seconds until all is as it was


class Place:
    def __init__(self, folder: Path, opened: ExitStack) -> None:
        names = ("north", "south", WORKER)
        self.proxies = {name: opened.enter_context(Proxy(socket_file())) for name in names}
        self.fleet = opened.enter_context(Fleet(folder))
        self.hosts = {name: self._start(name) for name in names}

    def _start(self, name: str) -> LiveSidecar:
        address = through(self.proxies[name].port, self.fleet.database_url)
        return self.fleet.host(name, worker=name == WORKER, database_url=address, workers="4")

    def leader(self) -> str | None:
        """As the store has it; None: nobody leads at the moment."""
        now = sa.func.extract("epoch", sa.func.clock_timestamp())
        led = sa.select(hosts.c.name).join(leadership, leadership.c.host == hosts.c.id).where(leadership.c.until > now)
        return next((row.name for row in self.fleet.query(led)), None)

    def all_is_well(self) -> LiveSidecar:
        """Wait until every host answers, and one leads; the leader."""
        for name, host in self.hosts.items():
            assert host.alive, f"{name} has ended: {host.said()}"
            wait_until(host.answers, f"{name} answers", within=WELL_WITHIN)
        return self.hosts[wait_until(self.leader, "one leads", within=WELL_WITHIN)]

    def under_way(self, names: Iterable[str]) -> dict[str, int]:
        """The runs that these hosts execute, each with the number of its attempt."""
        running = sa.select(attempts.c.run, attempts.c.number).where(
            attempts.c.outcome == "running", attempts.c.host.in_(list(names))
        )
        return {row.run: row.number for row in self.fleet.query(running)}

    def gone_on(self, under_way: dict[str, int]) -> float | None:
        """When the first of these runs was begun again; None: none was, yet."""
        rows = self.fleet.query(
            sa.select(attempts.c.run, attempts.c.number, attempts.c.started_at).where(attempts.c.run.in_(under_way))
        )
        return min((row.started_at for row in rows if row.number > under_way[row.run]), default=None)
