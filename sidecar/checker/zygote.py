"""A process with mypy's library graph and the reading stages in memory; it forks one child for each request.

    python -I -m sidecar.checker.zygote CONTROL     in a folder with mypy's configuration and library cache

It says one byte on the control socket when it is ready. From then on each byte that comes in brings a socket: a child
is forked for it, reads one request up to its end, answers, and is gone.

    read, then a snapshot                    → a reading
    types, then a folder and its files       → how mypy ended, and what it said

A child that fails in any way says so, or nothing; the sidecar then asks the throwaway processes. All end with it.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from sidecar.checker.exchange import decode_snapshot, encode_reading
from sidecar.checker.library_graph import LibraryGraph
from sidecar.checker.limited import FORKED
from sidecar.checker.read_source import DEEPEST, read_source
from sidecar.isolation.kernel import hide_memory
from sidecar.isolation.lock_in import LockIn
from sidecar.isolation.tiers import reached


def main() -> None:
    hide_memory()
    control = socket.socket(fileno=int(sys.argv[1]))
    lock_in = LockIn(reached().tier)
    graph = LibraryGraph.load()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the terminal is the sidecar's to handle
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps the children; their sockets say how they ended
    gc.collect()
    gc.freeze()  # so that a child's collector leaves the shared pages shared
    control.sendall(b"r")
    while connection := _next(control):
        if os.fork() == 0:
            control.close()
            _serve(connection, graph, lock_in)
        connection.close()
    os.killpg(0, signal.SIGKILL)  # the sidecar is gone, and nobody waits for the children


def _next(control: socket.socket) -> socket.socket | None:
    # One byte at a time, or two sockets that were sent in a row could arrive as one.
    data, descriptors, _, _ = socket.recv_fds(control, 1, 1)
    return socket.socket(fileno=descriptors[0]) if data else None


def _serve(connection: socket.socket, graph: LibraryGraph, lock_in: LockIn) -> None:
    """In the child, to its end."""
    try:
        signal.setitimer(signal.ITIMER_REAL, FORKED.wall_seconds)  # its signal ends the child
        with connection.makefile("r", encoding="utf-8") as request:
            kind, text = request.readline().strip(), request.read()
        close = partial(lock_in.close, [connection.fileno()], limits=FORKED.imposed)
        connection.sendall(json.dumps(_reply(kind, text, graph, close)).encode())
    finally:
        os._exit(0)


def _reply(kind: str, text: str, graph: LibraryGraph, close: Callable[..., None]) -> dict[str, str]:
    try:
        return {"answer": _read(text, close) if kind == "read" else _types(text, graph, close)}
    except BaseException as error:  # noqa: BLE001 - mypy leaves by SystemExit where it meets an error of its own
        return {"failed": f"{type(error).__name__}: {error}"}


def _read(text: str, close: Callable[..., None]) -> str:
    close()
    sys.setrecursionlimit(DEEPEST)
    return encode_reading(read_source(decode_snapshot(text)))


def _types(text: str, graph: LibraryGraph, close: Callable[..., None]) -> str:
    asked = json.loads(text)
    close(reads=[Path(asked["folder"])])
    finished = graph.check(Path(asked["folder"]), asked["files"])
    return json.dumps({"status": finished.status, "output": finished.output})


if __name__ == "__main__":
    main()
