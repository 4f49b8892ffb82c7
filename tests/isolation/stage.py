"""What the attempts are tried on: files, servers, and another process, all of the same user."""

from __future__ import annotations

import fcntl
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sidecar.isolation.limits import Limits
from tests.isolation.victim import SECRET


@dataclass(frozen=True)
class Stage:
    home: Path  # a person's folder
    scratch: Path  # where an attempt may write
    victim: int  # a process
    address: int  # in its memory, of SECRET
    descriptor: int  # of a file that the process above had open
    high_descriptor: int  # the same, above what a worker may have open
    tcp: int  # ports of this machine
    udp: int
    unix: str  # a Unix socket's path
    datagrams: str  # and one's that takes datagrams
    abstract: str  # and one without a path

    @property
    def secret(self) -> Path:
        return self.home / "secret.txt"

    def spoiled(self, name: str) -> Path:
        """A file of the person's that one attempt may spoil."""
        return self.home / f"spoiled-{name}"


@contextmanager
def staged() -> Iterator[Stage]:
    with ExitStack() as opened:
        home = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="tend-probe-")))
        (home / "secret.txt").write_text(SECRET)
        for name in ("truncated", "emptied", "renamed", "taken", "deleted"):
            (home / f"spoiled-{name}").write_text(SECRET)
        (home / "scratch").mkdir()
        victim = opened.enter_context(_victim())
        assert victim.stdout is not None
        tcp = opened.enter_context(socket.create_server(("127.0.0.1", 0)))
        udp, unix, datagrams, abstract = (
            opened.enter_context(socket.socket(family, kind))
            for family, kind in (
                (socket.AF_INET, socket.SOCK_DGRAM),
                (socket.AF_UNIX, socket.SOCK_STREAM),
                (socket.AF_UNIX, socket.SOCK_DGRAM),
                (socket.AF_UNIX, socket.SOCK_STREAM),
            )
        )
        udp.bind(("127.0.0.1", 0))
        unix.bind(str(home / "socket"))
        datagrams.bind(str(home / "datagrams"))
        abstract.bind(f"\0tend-probe-{os.getpid()}")
        for server in (tcp, unix, abstract):
            server.listen(64)
        descriptor = opened.enter_context((home / "secret.txt").open()).fileno()
        high_descriptor = fcntl.fcntl(descriptor, fcntl.F_DUPFD, Limits().descriptors + 1)
        opened.callback(os.close, high_descriptor)
        yield Stage(
            home=home,
            scratch=home / "scratch",
            victim=victim.pid,
            address=int(victim.stdout.readline()),
            descriptor=descriptor,
            high_descriptor=high_descriptor,
            tcp=tcp.getsockname()[1],
            udp=udp.getsockname()[1],
            unix=str(home / "socket"),
            datagrams=str(home / "datagrams"),
            abstract=f"\0tend-probe-{os.getpid()}",
        )


@contextmanager
def _victim() -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "tests.isolation.victim"]
    root = Path(__file__).parents[2]
    environment = {"TOKEN": SECRET, "PATH": os.environ["PATH"]}
    with subprocess.Popen(
        command, cwd=root, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()
