"""A real sidecar: a process of its own with an environment of its own, to talk to, to kill and to start again."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import sqlalchemy as sa
from pydantic import JsonValue
from typing_extensions import TypeVarTuple

from sidecar import failpoints
from sidecar.__main__ import main
from sidecar.client import Client, NotRunning, Settings, load_settings, views
from sidecar.client.views import FINAL
from tests.support.failpoints import Failpoints
from tests.support.forked import Forked
from tests.support.leftovers import assert_nothing_left
from tests.support.library import give_library
from tests.support.postgresql import CHOSEN, new_database
from tests.support.waiting import wait_until

Columns = TypeVarTuple("Columns")

READY_WITHIN = 90.0  # seconds; two processors may have much else to do
STOPPED_WITHIN = 30.0


@dataclass(frozen=True)
class _SettingsThere(Settings):
    """As a process with another XDG_RUNTIME_DIR sees them."""

    runtime: Path = Path()

    @property
    def socket(self) -> Path:
        return self.runtime / "tend" / super().socket.name


class SidecarProcess(Protocol):
    """What is asked of the process; `subprocess.Popen` has it."""

    @property
    def pid(self) -> int: ...

    def poll(self) -> int | None: ...

    def wait(self, timeout: float) -> int: ...


class LiveSidecar:
    """The sidecar over `folder`/workspace, up inside the context. `settings` are set in its environment:
    LiveSidecar(folder, base_url=model.base_url). A `worker` executes runs for others that have its database_url."""

    def __init__(self, folder: Path, worker: bool = False, /, **settings: str) -> None:
        self.folder = folder
        self._arguments = ["--worker"] if worker else []
        if CHOSEN:
            settings.setdefault("database_url", new_database())
        self.database_url = settings.get("database_url")
        self.workspace = folder / "workspace"
        self.log = folder / "sidecar.log"
        self._short = Path(tempfile.mkdtemp(prefix="tend-"))  # a socket's path may have 107 bytes at most
        self._runtime, self.temporary = self._short / "run", self._short / "tmp"
        for made in (self.workspace, self._runtime, self.temporary):
            made.mkdir(mode=0o700, exist_ok=True)
        give_library(self.workspace / ".tend" / "check")
        self.environment = {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "XDG_RUNTIME_DIR": str(self._runtime),
            "TMPDIR": str(self.temporary),
            "TEND_ZONE": "UTC",
            "TEND_WEB_PORT": "0",
            failpoints.VARIABLE: str(folder / "failpoints"),
            **{f"TEND_{name.upper()}": value for name, value in settings.items()},
        }
        self.failpoints = Failpoints(folder / "failpoints")
        self._process: SidecarProcess | None = None
        self.client = self._new_client()

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.kill()
            self.client.close()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.stop()
            if error is None:
                assert_nothing_left(self.folder, self._runtime, self.temporary)
        finally:
            self.client.close()
            shutil.rmtree(self._short)

    # ------------------------------------------------------------ its life

    @property
    def pid(self) -> int:
        assert self._process is not None, "the sidecar was not started"
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self, **environment: str) -> Self:
        """Start it, and wait until it answers. `environment` is for this start alone."""
        self._process = self.launch(environment)
        self.client.close()
        self.client = self._new_client()
        wait_until(lambda: not self.alive or self.answers(), "the sidecar answers", within=READY_WITHIN)
        return self

    def wrapper(self) -> list[str]:
        """The command that `python -m sidecar …` is given to, and whose process becomes the sidecar's."""
        return []

    def body(self) -> Callable[[], int]:
        """What a forked sidecar does, given by a module's name for it."""
        return main

    def launch(self, environment: dict[str, str]) -> SidecarProcess:
        arguments = ["--workspace", str(self.workspace), *self._arguments]
        environment = self.environment | environment
        if not self.wrapper():
            return Forked(self.body(), arguments, environment, self.folder, self.log)
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [*self.wrapper(), sys.executable, "-m", "sidecar", *arguments],
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def answers(self) -> bool:
        try:
            self.client.status()
        except NotRunning:
            return False
        return True

    def stop(self) -> None:
        """As a person does, with SIGTERM; it has to end well. One that is dead already is left as it is."""
        if self.alive:
            self.ask_to_stop()
            assert self.exit_status() == 0, f"the sidecar ended with {self.exit_status()}"

    def ask_to_stop(self) -> None:
        os.kill(self.pid, signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL, as a power cut would."""
        if self.alive:
            os.kill(self.pid, signal.SIGKILL)
        self.exit_status()

    def exit_status(self) -> int:
        """Wait for its end; negative: the signal that killed it."""
        assert self._process is not None, "the sidecar was not started"
        return self._process.wait(STOPPED_WITHIN)

    def restart(self) -> None:
        self.stop()
        self.start()

    def said(self) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace")[-8_000:]

    def _new_client(self) -> Client:
        found = load_settings(workspace=self.workspace, environment=self.environment)
        return Client(_SettingsThere(**vars(found), runtime=self._runtime))

    # ------------------------------------------------------------ what tests do with it

    def file(self, name: str) -> Path:
        return self.workspace / "skills" / f"{name}.py"

    def save(self, name: str, text: str) -> None:
        """Save the skill's file as an editor does: whole, by a rename."""
        fresh = self.file(name).with_name(f".{name}.py.editor")
        fresh.write_text(text)
        fresh.replace(self.file(name))

    def put(self, name: str, text: str) -> str:
        """Write a skill that has to go live; its version."""
        base = self.client.source(name).hash if self.file(name).exists() else None
        verdict = self.client.write(name, text, base=base, reason="a test")
        assert verdict.live, verdict.report.problems
        return verdict.version

    def active(self, name: str) -> str | None:
        """The version that is live; None where there is none, or no such skill."""
        return next((skill.version for skill in self.client.skills() if skill.name == name), None)

    def run(self, name: str, payload: JsonValue = None, *, rehearsal: bool = False) -> views.RunDetail:
        """Start a run and wait for its end."""
        return self.ended(self.client.run_skill(name, payload, rehearsal=rehearsal).id)

    def ended(self, run: str, *, within: float = 90.0) -> views.RunDetail:
        wait_until(lambda: self.state(run) in FINAL, f"run {run} ends", within=within)
        return self.client.run(run)

    def state(self, run: str) -> views.RunState:
        return self.client.run(run).run.state

    def worker(self, run: str) -> int:
        """Wait for the process that executes the run; its id."""

        def newest() -> int | None:
            attempts = self.client.run(run).attempts
            return attempts[-1].pid if attempts else None

        return wait_until(newest, f"run {run} has a worker")

    def waits(self, run: str, reason: str) -> views.RunDetail:
        """Wait until the run waits for `reason`, and its process has gone."""
        wait_until(lambda: self.client.run(run).run.reason == reason, f"run {run} waits for {reason}")
        return self.client.run(run)

    def approval(self, run: str) -> views.Approval:
        """Wait for the question that the run asks a person."""
        return wait_until(
            lambda: next((item for item in self.client.approvals() if item.run == run), None), f"run {run} asks"
        )

    # ------------------------------------------------------------ its store

    def query(self, wanted: sa.Select[*Columns]) -> Sequence[sa.Row[*Columns]]:
        """What is in the store, read beside the sidecar."""
        with self._reader.connect() as connection:
            return connection.execute(wanted).all()

    def change_store(self, change: sa.Executable) -> None:
        """Change the store of a sidecar that is stopped: it alone may write to it."""
        assert not self.alive, "stop the sidecar first"
        with self._engine("rw").begin() as connection:
            connection.execute(change)

    @cached_property
    def _reader(self) -> sa.Engine:
        return self._engine("ro")

    def _engine(self, mode: str) -> sa.Engine:
        file = f"sqlite:///file:{self.workspace}/.tend/tend.db?mode={mode}&uri=true"
        address = self.database_url.replace("postgresql:", "postgresql+psycopg:") if self.database_url else file
        return sa.create_engine(address, poolclass=sa.NullPool)
