"""A small process with the author API imported; it forks one worker for each attempt. One that forks programs has not
imported it.

Started by exec with a clean environment, so that a worker can't find there what the sidecar started with. It speaks
lines of JSON with the sidecar over a socket:

    {"spawn": ID, "scratch": FOLDER, "argv": []} with the worker's socket
                                                                → {"spawned": ID, "pid": PID}
    {"kill": ID}                                                → {"exited": ID, "status": STATUS}, as for every worker
                                                                  that ends
                                                                → {"refused": ID, "why": WORDS} where it can't fork

Where `argv` names a program, that is executed in a box, and no attempt; the box for the next one is made ahead.

The lock file is held open by the zygote and, through the fork, by every worker: whoever gets the lock knows that all
of them are dead. The zygote ends, and its workers with it, when the sidecar does.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import json
import os
import select
import signal
import socket
import sys
import traceback
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, TypeAlias

from sidecar.failpoints import descriptors, failpoint
from sidecar.isolation.box import Box, obstacle
from sidecar.isolation.kernel import hide_memory
from sidecar.isolation.limits import Limits
from sidecar.isolation.lock_in import NOT_LOCKED_IN, LockIn
from sidecar.isolation.tiers import reached

Kind: TypeAlias = Literal["attempts", "programs"]

_LOST = -1  # in the place of a socket that came while there was no descriptor for it


def main() -> None:
    hide_memory()
    kind, control, lock_file = sys.argv[1:]
    lock = hold(Path(lock_file))
    lock_in = LockIn(reached().tier)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the terminal is the sidecar's to handle
    if kind == "attempts":
        _prepare_workers()
    gc.freeze()  # so that a worker's collector leaves the shared pages shared
    Zygote(socket.socket(fileno=int(control)), lock_in, keep=(lock, *descriptors())).serve()


def _prepare_workers() -> None:
    """What they need is there when they are forked."""
    import sidecar.execution.worker  # noqa: F401
    from sidecar.execution.warm_up import warm_up

    warm_up()


class Zygote:
    def __init__(self, control: socket.socket, lock_in: LockIn, keep: tuple[int, ...]) -> None:
        self._control = control
        self._lock_in = lock_in
        self._keep = keep
        self._workers: dict[int, int] = {}  # pid → id
        self._boxes: set[int] = set()  # those of them that are keepers of a program
        self._spare: Box | None = None  # for the next program, once there has been one
        self._buffer = b""
        self._sockets: deque[int] = deque()  # of workers, each came with the beginning of its line
        self._wakeup, signals = os.pipe()
        os.set_blocking(signals, False)
        signal.set_wakeup_fd(signals, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def serve(self) -> None:
        self._say({"ready": os.getpid(), "no_boxes": obstacle()})
        control = self._control.fileno()
        while True:
            ready, _, _ = select.select([control, self._wakeup], [], [])
            if self._wakeup in ready:
                os.read(self._wakeup, 4096)
            self._reap()
            if control in ready:
                self._listen()

    def _listen(self) -> None:
        try:
            data, sockets, flags, _ = socket.recv_fds(self._control, 65536, 1)
        except ConnectionResetError:  # the sidecar was killed before it had read all that we said
            data, sockets, flags = b"", [], 0
        if not data:
            self._end()
        self._sockets += [_LOST] if flags & socket.MSG_CTRUNC else sockets
        self._buffer += data
        *lines, self._buffer = self._buffer.split(b"\n")
        for line in lines:
            message = json.loads(line)
            if "spawn" in message:
                self._spawn(message["spawn"], Path(message["scratch"]), message["argv"], self._sockets.popleft())
            else:
                self._kill(message["kill"])

    def _spawn(self, name: int, scratch: Path, argv: Sequence[str], fd: int) -> None:
        if fd == _LOST:
            self._say({"refused": name, "why": "no descriptor is left"})
            return
        try:
            pid = self._execute(argv, scratch, fd) if argv else self._fork_worker(scratch, fd)
        except OSError as error:
            self._say({"refused": name, "why": str(error)})
            return
        finally:
            os.close(fd)
        self._workers[pid] = name
        failpoint("zygote.forked")
        self._say({"spawned": name, "pid": pid})

    def _execute(self, argv: Sequence[str], scratch: Path, fd: int) -> int:
        """The process to wait for, and to kill."""
        box = self._spare or Box(self._keep)
        self._spare = None
        with contextlib.suppress(OSError):  # it was killed meanwhile: its status will tell
            box.execute(argv, scratch, fd)
        self._boxes.add(box.pid)
        return box.pid

    def _fork_worker(self, scratch: Path, fd: int) -> int:
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            self._become_worker(scratch, fd)
        return pid

    def _become_worker(self, scratch: Path, fd: int) -> None:
        from sidecar.execution.worker import work

        try:
            _stand_alone(scratch)
            try:
                self._lock_in.close((fd, *self._keep), limits=Limits(), scratch=scratch)
            except OSError:
                traceback.print_exc()
                os._exit(NOT_LOCKED_IN)
            work(socket.socket(fileno=fd))
        except BaseException:  # noqa: BLE001 # a child never goes on as the zygote
            traceback.print_exc()
            os._exit(1)

    def _kill(self, name: int) -> None:
        for pid, worker in self._workers.items():
            if worker == name:
                _kill_group(pid)

    def _reap(self) -> None:
        while self._workers or self._spare:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            if self._spare and self._spare.pid == pid:
                self._spare = None
                continue
            failpoint("zygote.reaped")
            self._say({"exited": self._workers.pop(pid), "status": os.waitstatus_to_exitcode(status)})
            if pid in self._boxes:  # not before: nobody shall wait for it
                self._boxes.remove(pid)
                with contextlib.suppress(OSError):  # there is no room now; it is made when it is needed
                    self._spare = self._spare or Box(self._keep)

    def _say(self, message: dict[str, int | str]) -> None:
        try:
            self._control.sendall(json.dumps(message).encode() + b"\n")
        except BrokenPipeError:
            self._end()

    def _end(self) -> None:
        for pid in self._workers:
            _kill_group(pid)
        os._exit(0)


def _kill_group(pid: int) -> None:
    """The worker and what shares its group; before it has made one of its own, the worker alone."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        os.kill(pid, signal.SIGKILL)


def _stand_alone(scratch: Path) -> None:
    """A session of its own, with no signal handler of ours, in its own folder."""
    os.setsid()
    for name in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
        signal.signal(name, signal.SIG_DFL)
    os.chdir(scratch)
    os.environ["TMPDIR"] = str(scratch)


def hold(path: Path) -> int:
    """Wait until every worker of an earlier zygote is dead; until it is closed, the next one waits in turn."""
    lock = os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


if __name__ == "__main__":
    main()
