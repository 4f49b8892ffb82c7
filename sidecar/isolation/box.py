"""A box for a program: a process namespace of its own, so that nothing of it survives, whatever it has forked.

    keeper ─► namespaces ─fork─► their first process ─fork─► limits ─► told which program ─► Landlock, seccomp, exec
       each waits, and ends as the next one did; where the first of a process namespace ends, the kernel ends the rest

Root makes the namespaces itself; an ordinary user in a user namespace, where the system lets him. To fork and to make
namespaces takes ten times as long as the rest, so a box is made before it is needed.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

from sidecar.isolation import kernel, seccomp
from sidecar.isolation.calls import PROGRAM_RULES
from sidecar.isolation.landlock import EXECUTE, READ, WRITE, Ruleset
from sidecar.isolation.limits import Limits
from sidecar.isolation.lock_in import close_all_but
from sidecar.isolation.tiers import reached

NOT_STARTED = -signal.SIGUSR1  # the status where the box could not be made, or the program not be executed

_NEWUSER, _NEWPID, _NEWNET, _NEWIPC = 0x10000000, 0x20000000, 0x40000000, 0x08000000  # from <linux/sched.h>
_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"
_PROGRAMS = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/opt", "/nix/store")
_KNOWLEDGE = ("/etc/ld.so.cache", "/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/etc/localtime", "/etc/gitconfig")


class Box:
    """An empty one. Whoever kills the keeper, the process `pid`, ends the namespace and all that is in it; it ends by
    itself with the process that made it. The keeper keeps open what is in `keep`."""

    def __init__(self, keep: Collection[int]) -> None:
        self._told, told = socket.socketpair()
        parent = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            _be_keeper(told, keep, parent)
        told.close()

    def execute(self, argv: Sequence[str], scratch: Path, talk: int) -> None:
        """Once: the program has the socket `talk` as input and output. Raises OSError where the keeper is dead."""
        with self._told:
            socket.send_fds(self._told, [b"."], [talk])
            self._told.sendall(json.dumps({"argv": list(argv), "scratch": str(scratch)}).encode())


def _be_keeper(told: socket.socket, keep: Collection[int], parent: int) -> None:
    """Never returns. It ends as the program does, or by a signal that none of it can send."""
    try:
        os.setsid()
        for name in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGPIPE, signal.SIGUSR1):
            signal.signal(name, signal.SIG_DFL)
        kernel.die_with_parent(parent)
        close_all_but({told.fileno(), *keep})
        trouble, telling = os.pipe()  # that is closed when the program is executed
        _unshare()
        if (first := os.fork()) == 0:
            _be_first(told, telling)
        told.close()
        os.close(telling)
        status = _ended(first)
        if not os.read(trouble, 1):
            os._exit(status)
    finally:
        os.kill(os.getpid(), -NOT_STARTED)


def _be_first(told: socket.socket, telling: int) -> None:
    """Never returns."""
    try:
        kernel.die_with_parent(0)  # who is first in a namespace sees no parent
        if (program := os.fork()) == 0:
            _become(told, telling)
        told.close()
        os._exit(_ended(program))
    finally:
        _not_started(telling)


def _ended(child: int) -> int:
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return code if code >= 0 else 128 - code  # as a shell tells of a signal


def _not_started(telling: int) -> None:
    os.write(telling, b".")
    os._exit(1)


def laid_open(private: Iterable[Path]) -> str:
    """Which of these places every program in a box could read, as it reads the programs; or ""."""
    for place in private:
        for programs in _PROGRAMS:
            if place.resolve().is_relative_to(Path(programs).resolve()):
                return f"{place.resolve()} lies below {programs}, which every program reads"
    return ""


def obstacle() -> str:
    """Why this machine has no box for programs, or ""."""
    here = reached()
    if here.is_less_than("locked"):
        return f"it isolates as {here.tier!r} ({here.because})"
    child = os.fork()
    if child == 0:
        try:
            _unshare()
        except OSError:
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return "" if status == 0 else "an ordinary user may not make namespaces here"


def _unshare() -> None:
    inner = _NEWPID | _NEWNET | _NEWIPC
    user, group = os.getuid(), os.getgid()
    if user == 0:
        kernel.unshare(inner)
        return
    kernel.show_memory()
    kernel.unshare(_NEWUSER | inner)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    kernel.hide_memory()


def _become(told: socket.socket, telling: int) -> None:
    """All that can be is done before the program is known."""
    try:
        close_all_but({told.fileno(), telling})
        kernel.renounce_privileges()
        Limits().impose()
        ruleset, calls = Ruleset(_places()), seccomp.compiled(PROGRAM_RULES, seccomp.ALLOW)
        argv, scratch = _listen(told)
        program = shutil.which(argv[0], path=_PATH)
        if program is None:
            raise FileNotFoundError(f"there is no program {argv[0]!r} in {_PATH}")
        os.chdir(scratch)
        ruleset.restrict([(scratch, WRITE)])
        seccomp.restrict(calls)
        home = str(scratch)
        environment = {"PATH": _PATH, "LANG": "C.UTF-8", "HOME": home, "TMPDIR": home}
        os.execve(program, argv, environment)  # noqa: S606
    except (OSError, ValueError) as error:  # the latter: an argument with the character NUL
        os.write(1, f"{error}\n".encode())
    finally:
        _not_started(telling)


def _listen(told: socket.socket) -> tuple[list[str], Path]:
    """Wait for the program. What it talks over becomes its standard descriptors, and it has no others: all of ours are
    closed when it is executed."""
    _, [talk], _, _ = socket.recv_fds(told, 1, 1)
    for standard in range(3):
        os.dup2(talk, standard)
    os.close(talk)
    with told, told.makefile("rb") as rest:
        order = json.load(rest)
    return order["argv"], Path(order["scratch"])


def _places() -> Iterator[tuple[Path, int]]:
    for path in _PROGRAMS:
        yield Path(path), EXECUTE
    for path in _KNOWLEDGE:
        yield Path(path), READ
    yield Path("/dev/urandom"), READ
    yield Path(os.devnull), WRITE
