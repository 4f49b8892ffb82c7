"""Hosts that share a database and nothing else: each has a workspace, processes and a socket of its own."""

from __future__ import annotations

import signal
from collections.abc import Collection, Sequence
from contextlib import ExitStack
from os import kill
from pathlib import Path
from types import TracebackType
from typing import Self

import sqlalchemy as sa

from sidecar.client import NotRunning, Refused, views
from sidecar.store.schema import attempts
from tests.support.live_sidecar import Columns, LiveSidecar
from tests.support.postgresql import new_database
from tests.support.sink import Sink
from tests.support.waiting import wait_until

STEPS = '''"""Steps that the world counts."""

from skills import Run, http, skill, step


@step
def ask(number: int, key: str) -> int:
    return int(http.post(f"http://HOST/{number}", headers={"idempotency-key": key}).json()["count"])


@skill(hosts=["HOST"], concurrency=1000)
def steps(run: Run, count: int) -> int:
    return sum(run.step(ask, number, run.key(f"step {number}")) for number in range(count))
'''


class Fleet:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.database_url = new_database()
        address = self.database_url.replace("postgresql:", "postgresql+psycopg:")
        self._reader = sa.create_engine(address, poolclass=sa.NullPool)
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def host(self, name: str, *, worker: bool = False, toml: str = "", **settings: str) -> LiveSidecar:
        """Start one more, with that in its tend.toml. The first that is no worker leads."""
        folder = self._folder / name
        folder.mkdir()
        settings = {"database_url": self.database_url, "host_name": name, **settings}
        live = LiveSidecar(folder, worker, **settings)
        (live.workspace / "tend.toml").write_text(toml)
        return self._open.enter_context(live)

    def log(self, name: str) -> Path:
        """That of a host, also where it does not answer yet."""
        return self._folder / name / "sidecar.log"

    def query(self, wanted: sa.Select[*Columns]) -> Sequence[sa.Row[*Columns]]:
        """What is in the store, whichever host is there."""
        with self._reader.connect() as connection:
            return connection.execute(wanted).all()

    def write(self, change: sa.Update) -> None:
        with self._reader.begin() as connection:
            connection.execute(change)

    def kill(self, host: LiveSidecar) -> None:
        """With all that it runs, as a power cut would; what it kept in memory, its socket among it, is gone."""
        host.kill()
        host.client.settings.socket.unlink()


def put_steps(leader: LiveSidecar, sink: Sink) -> None:
    leader.put("steps", STEPS.replace("HOST", sink.host))


def executed_by(host: LiveSidecar, runs: Collection[str]) -> dict[str, list[str]]:
    """For each run, the hosts that have conducted its attempts, in turn."""
    rows = host.query(sa.select(attempts.c.run, attempts.c.host).where(attempts.c.run.in_(runs)).order_by("number"))
    found: dict[str, list[str]] = {run: [] for run in runs}
    for run, name in rows:
        found[run].append(name)
    return found


def freeze(host: LiveSidecar) -> None:
    kill(host.pid, signal.SIGSTOP)


def thaw(host: LiveSidecar) -> None:
    kill(host.pid, signal.SIGCONT)


def hosts_of(asked: LiveSidecar) -> dict[str, views.Host]:
    return {host.name: host for host in asked.client.status().hosts}


def leads(host: LiveSidecar, name: str, *, within: float = 60.0) -> None:
    """The lead is its own, and it has taken over the workspace."""

    def does() -> bool:
        try:
            host.client.files()
            return hosts_of(host)[name].leads
        except (NotRunning, Refused):  # it starts anew, or does not lead yet
            return False

    wait_until(does, f"{name} leads", within=within)
