"""A small process with the author API imported; it forks one worker for each attempt.

Started by exec with a clean environment, so that a worker can't find there what the sidecar started with. It speaks
lines of JSON with the sidecar over a socket:

    {"spawn": ID, "scratch": FOLDER, "argv": []} with the worker's socket
                                                                → {"spawned": ID, "pid": PID}
    {"kill": ID}                                                → {"exited": ID, "status": STATUS}, as for every worker
                                                                  that ends

Where `argv` names a program, what is forked executes that in a box, and not an attempt.

The lock file is held open by the zygote and, through the fork, by every worker: whoever gets the lock knows that all
of them are dead. The zygote ends, and its workers with it, when the sidecar does.
"""

from __future__ import annotations

import fcntl
import gc
import json
import os
import select
import signal
import socket
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from sidecar.execution.warm_up import warm_up
from sidecar.execution.worker import work
from sidecar.failpoints import descriptors, failpoint
from sidecar.isolation import box
from sidecar.isolation.kernel import hide_memory
from sidecar.isolation.limits import Limits
from sidecar.isolation.lock_in import LockIn
from sidecar.isolation.tiers import reached


def main() -> None:
    hide_memory()
    control = socket.socket(fileno=int(sys.argv[1]))
    lock = _hold(Path(sys.argv[2]))
    lock_in = LockIn(reached().tier)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the terminal is the sidecar's to handle
    warm_up()
    gc.freeze()  # so that a worker's collector leaves the shared pages shared
    Zygote(control, lock_in, keep=(lock, *descriptors())).serve()


class Zygote:
    def __init__(self, control: socket.socket, lock_in: LockIn, keep: tuple[int, ...]) -> None:
        self._control = control
        self._lock_in = lock_in
        self._keep = keep
        self._workers: dict[int, int] = {}  # pid → id
        self._buffer = b""
        self._wakeup, signals = os.pipe()
        os.set_blocking(signals, False)
        signal.set_wakeup_fd(signals, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def serve(self) -> None:
        self._say({"ready": os.getpid(), "no_boxes": box.obstacle()})
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
            data, sockets, _, _ = socket.recv_fds(self._control, 65536, 1)
        except ConnectionResetError:  # the sidecar was killed before it had read all that we said
            data, sockets = b"", []
        if not data:
            self._end()
        self._buffer += data
        *lines, self._buffer = self._buffer.split(b"\n")
        for line in lines:
            message = json.loads(line)
            if "spawn" in message:
                self._spawn(message["spawn"], Path(message["scratch"]), message["argv"], sockets[0])
            else:
                self._kill(message["kill"])

    def _spawn(self, name: int, scratch: Path, argv: Sequence[str], fd: int) -> None:
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            self._become_worker(scratch, argv, fd)
        os.close(fd)
        self._workers[pid] = name
        failpoint("zygote.forked")
        self._say({"spawned": name, "pid": pid})

    def _become_worker(self, scratch: Path, argv: Sequence[str], fd: int) -> None:
        try:
            _stand_alone(scratch)
            if argv:
                box.execute(argv, scratch, fd, self._keep)
            self._lock_in.close((fd, *self._keep), limits=Limits(), scratch=scratch)
            work(socket.socket(fileno=fd))
        except BaseException:  # noqa: BLE001 # a child never goes on as the zygote
            traceback.print_exc()
            os._exit(1)

    def _kill(self, name: int) -> None:
        for pid, worker in self._workers.items():
            if worker == name:
                _kill_group(pid)

    def _reap(self) -> None:
        while self._workers:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            failpoint("zygote.reaped")
            self._say({"exited": self._workers.pop(pid), "status": os.waitstatus_to_exitcode(status)})

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


def _hold(path: Path) -> int:
    """Wait until every worker of an earlier zygote is dead, and keep the next one waiting in turn."""
    lock = os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


if __name__ == "__main__":
    main()
