"""The sidecar's handle on the zygote: a worker for an attempt, and the end of one."""

from __future__ import annotations

import itertools
import json
import logging
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sidecar import failpoints
from sidecar.execution.zygote import Kind, hold
from sidecar.isolation.box import laid_open
from sidecar.isolation.scratch import make_scratch, remove_all, remove_scratch

READY_WITHIN = 30.0  # seconds: the zygote's imports, and the last of an earlier sidecar's workers
SPAWNED_WITHIN = 10.0  # after that the zygote hangs, and is killed; so it is where it gives no word of a death
DEAD_WITHIN = 10.0  # seconds from SIGKILL to the exit status

log = logging.getLogger(__name__)


class WorkersUnavailable(Exception):
    """The zygote did not start, or has just died; the next attempt starts another. Or this machine has no room for a
    process more: no descriptor, no place for its folder."""


@contextmanager
def _room_for_one_more() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise WorkersUnavailable(f"this machine has no room for another process: {error}") from error


class Worker:
    """One process, forked or about to be. `sock` is our end of the conversation, `scratch` the folder that it may write
    to."""

    def __init__(self, name: int, sock: socket.socket, scratch: Path, zygote: _ZygoteProcess) -> None:
        self.name = name
        self.sock = sock
        self.scratch = scratch
        self.zygote = zygote
        self.pid: int | None = None
        self.refused = ""  # why it could not be forked
        self.status: int | None = None  # exit code; negative: the signal that killed it
        self.spawned = threading.Event()
        self.exited = threading.Event()

    def clear_away(self) -> None:
        """What is left of it, once it is dead. A folder that can't be removed now is when the sidecar starts again."""
        self.sock.close()
        try:
            remove_scratch(self.scratch)
        except OSError as error:
            log.warning("a worker's folder is left: %s", error)


class Workers:
    """Starts a zygote when it is first needed, and another when it has died: one that forks attempts, and one that
    forks programs, which is small, since to fork a process takes as long as it is large.

    The next attempt's worker is forked ahead, while nobody waits for it: locked in, it waits to be told what to do."""

    def __init__(self, lock: Path, scratch: Path, private: Sequence[Path] = ()) -> None:
        """`private` is what no program may read."""
        self._locks: Mapping[Kind, Path] = {"attempts": lock, "programs": lock.with_name("programs.lock")}
        self._scratch = scratch
        self._private = private
        self._turn = threading.Lock()
        self._names = itertools.count(1)
        self._zygotes: dict[Kind, _ZygoteProcess] = {}
        self._next: Worker | None = None
        self._closed = False

    @property
    def pid(self) -> int | None:
        zygote = self._zygotes.get("attempts")
        return zygote.pid if zygote else None

    def start(self) -> None:
        """Start the zygote now: when this returns, no worker of an earlier sidecar is alive, and no program."""
        with self._turn:
            self._running("attempts")
            os.close(hold(self._locks["programs"]))
            remove_all(self._scratch)
            self._next = self._fork()

    def spawn(self) -> Worker:
        """A worker, and the next one is forked ahead. Raises WorkersUnavailable."""
        with self._turn:
            worker = self._forked_ahead() or self._fork()
            try:
                self._next = self._fork()
            except WorkersUnavailable as error:
                log.warning("no worker could be forked ahead: %s", error)
        try:
            worker.zygote.wait_for(worker)
        except WorkersUnavailable:
            worker.clear_away()
            raise
        return worker

    def _forked_ahead(self) -> Worker | None:
        """One that has died is cleared away before another zygote starts, which waits until all such are gone."""
        worker, self._next = self._next, None
        if worker is not None and (worker.exited.is_set() or not worker.zygote.alive):
            worker.clear_away()
            return None
        return worker

    @_room_for_one_more()
    def _fork(self) -> Worker:
        """Ask for a worker; whoever uses it waits for it. Raises WorkersUnavailable."""
        zygote = self._running("attempts")
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                worker = Worker(next(self._names), ours, make_scratch(self._scratch), zygote)
            except OSError:
                ours.close()
                raise
            try:
                zygote.spawn(worker, theirs)
            except WorkersUnavailable:
                worker.clear_away()
                raise
        return worker

    @_room_for_one_more()
    def execute(self, argv: Sequence[str], scratch: Path) -> Worker:
        """Start a program in a box; `sock` is its input and output. Raises WorkersUnavailable."""
        ours, theirs = socket.socketpair()
        with theirs, self._turn:
            try:
                zygote = self._running("programs")
                program = Worker(next(self._names), ours, scratch, zygote)
                zygote.spawn(program, theirs, argv)
                zygote.wait_for(program)
            except (OSError, WorkersUnavailable):
                ours.close()
                raise
        return program

    @property
    def no_boxes(self) -> str:
        """Why there is no box for a program, or ""."""
        zygote = self._zygotes.get("attempts")
        if zygote is None:
            return "the zygote is not running"
        return zygote.no_boxes or laid_open(self._private)

    def kill(self, worker: Worker) -> int:
        """Kill the worker and its group; return its exit status when it is proven dead. One that has ended by itself
        keeps its own."""
        if not worker.exited.is_set():
            worker.zygote.kill(worker)
        if not worker.exited.wait(DEAD_WITHIN):
            worker.zygote.end(f"it gave no word of the death of worker {worker.pid}")
            worker.exited.wait(DEAD_WITHIN)
        if worker.status is None:
            raise WorkersUnavailable(f"worker {worker.pid} did not die within {DEAD_WITHIN:g} s of its SIGKILL")
        return worker.status

    def close(self) -> None:
        with self._turn:
            self._closed = True
            for zygote in self._zygotes.values():
                zygote.close()
            if self._next is not None:
                self._next.clear_away()

    def _running(self, kind: Kind) -> _ZygoteProcess:
        if self._closed:
            raise WorkersUnavailable("the sidecar is stopping")
        zygote = self._zygotes.get(kind)
        if zygote is None or not zygote.alive:
            zygote = self._zygotes[kind] = _ZygoteProcess(kind, self._locks[kind])
        return zygote


class _ZygoteProcess:
    def __init__(self, kind: Kind, lock: Path) -> None:
        self._control, theirs = socket.socketpair()
        self._workers: dict[int, Worker] = {}
        self._sending = threading.Lock()
        self.alive = True
        self.no_boxes = ""
        with theirs:
            # Not -I: it would leave PYTHON… unheard too, of which the environment has ours alone.
            program = ["-P", "-s", "-m", "sidecar.execution.zygote"]
            command = [sys.executable, *program, kind, str(theirs.fileno()), str(lock)]
            try:
                self._process = subprocess.Popen(
                    command,
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    stdout=sys.stderr,
                    env=_clean_environment(),
                    cwd="/",
                )
            except OSError:
                self._control.close()
                raise
        self.pid = self._process.pid
        self._ready = threading.Event()
        threading.Thread(target=self._listen, name="zygote", daemon=True).start()
        if not self._ready.wait(READY_WITHIN) or not self.alive:
            self.close()
            raise WorkersUnavailable(f"the zygote was not ready within {READY_WITHIN:g} s. See: tend doctor")

    def spawn(self, worker: Worker, theirs: socket.socket, argv: Sequence[str] = ()) -> None:
        """Have it forked, to execute an attempt, or the program that `argv` names."""
        self._workers[worker.name] = worker
        try:
            with self._sending:
                wanted = {"spawn": worker.name, "scratch": str(worker.scratch), "argv": list(argv)}
                line = json.dumps(wanted).encode() + b"\n"
                sent = socket.send_fds(self._control, [line], [theirs.fileno()])
                self._control.sendall(line[sent:])  # where a signal came in between
        except OSError as error:
            raise WorkersUnavailable(f"the zygote is gone: {error}") from error

    def wait_for(self, worker: Worker) -> None:
        """Until it is forked."""
        if not worker.spawned.wait(SPAWNED_WITHIN):
            self.end("it did not fork")
            worker.spawned.wait(DEAD_WITHIN)
        if worker.refused:
            raise WorkersUnavailable(f"this machine has no room for another process: {worker.refused}")
        if worker.pid is None:
            raise WorkersUnavailable("the zygote died before it could fork")

    def kill(self, worker: Worker) -> None:
        try:
            with self._sending:
                self._control.sendall(json.dumps({"kill": worker.name}).encode() + b"\n")
        except OSError:
            return  # it is gone, and its workers with it; the listener says so

    def end(self, why: str) -> None:
        """Kill it: its workers die with it, also where they are stopped, and the next attempt starts another."""
        log.warning("the zygote, process %d, is killed: %s within %g s", self.pid, why, DEAD_WITHIN)
        self._process.kill()

    def close(self) -> None:
        self._control.close()
        self._process.kill()
        self._process.wait()

    def _listen(self) -> None:
        buffer = b""
        while data := self._receive():
            *lines, buffer = (buffer + data).split(b"\n")
            for line in lines:
                self._heard(json.loads(line))
        self.alive = False
        self._ready.set()
        self._process.wait()
        with self._sending:  # a descriptor must not be closed under a thread that writes to it
            self._control.close()
        for worker in list(self._workers.values()):
            worker.status = -9  # its parent is dead, and the kernel kills it with its parent
            worker.exited.set()
            worker.spawned.set()

    def _receive(self) -> bytes:
        try:
            return self._control.recv(65536)
        except OSError:
            return b""

    def _heard(self, message: dict[str, Any]) -> None:
        if "ready" in message:
            self.no_boxes = message["no_boxes"]
            self._ready.set()
        elif "spawned" in message:
            worker = self._workers[message["spawned"]]
            worker.pid = message["pid"]
            worker.spawned.set()
        elif "refused" in message:
            worker = self._workers.pop(message["refused"])
            worker.refused, worker.status = message["why"], -9
            worker.exited.set()
            worker.spawned.set()
        else:
            worker = self._workers.pop(message["exited"])
            worker.status = message["status"]
            worker.exited.set()


def _clean_environment() -> dict[str, str]:
    """What a worker may know of where it runs: nothing that the person's shell holds. Its hashes are those of every
    other worker, or a body that loops over a set of texts would find them in another order on replay."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", failpoints.VARIABLE) if name in os.environ}
    return kept | {"PYTHONUTF8": "1", "PYTHONHASHSEED": "0", "MALLOC_ARENA_MAX": "1", "HOME": "/"}
