"""Runs a program for a step, where its skill declared it: in a box, through the zygote."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, Field, JsonValue

from sidecar.checker.manifest import Manifest
from sidecar.execution.workers import Worker, Workers, WorkersUnavailable
from sidecar.isolation.box import NOT_STARTED

OUTPUT_AT_MOST = 1024 * 1024  # bytes
TIMEOUT_AT_MOST = 3600.0  # seconds
LOOK_EVERY = 0.2  # seconds: whether the step was given up


class CommandFailed(Exception):
    """The program is not declared, could not be started, took too long, or wrote too much."""


class ShellRequest(BaseModel):
    argv: list[str] = Field(min_length=1, max_length=1000)
    stdin: str = Field(default="", max_length=OUTPUT_AT_MOST)
    timeout: float = Field(gt=0, le=TIMEOUT_AT_MOST)


def perform_shell(
    workers: Workers, scratch: Path, manifest: Manifest, request: ShellRequest, abort: threading.Event
) -> dict[str, JsonValue]:
    """Raises CommandFailed, or WorkersUnavailable."""
    name = request.argv[0]
    if name not in manifest.commands:
        raise CommandFailed(f'the program {name!r} is not declared. Write it in @skill(...): commands=["{name}"]')
    if obstacle := workers.no_boxes:
        raise CommandFailed(f"{name!r} can't be run, since this machine has no box for programs: {obstacle}")
    program = workers.execute(request.argv, scratch)
    feeding = threading.Thread(target=_feed, args=(program.sock, request.stdin.encode()), name=f"stdin of {name}")
    feeding.start()
    try:
        output = b"".join(_written(program, request.timeout, abort))
    finally:
        status = workers.kill(program)  # its own, where it has ended
        feeding.join()
        program.sock.close()
    text = output.decode("utf-8", "replace")
    if status == NOT_STARTED:
        raise CommandFailed(f"{name!r} could not be started: {text.strip()}")
    if status < 0:
        raise WorkersUnavailable(f"{name!r} was killed before it had ended, with what it ran in")
    return {"status": status, "output": text}


def _feed(sock: socket.socket, text: bytes) -> None:
    with contextlib.suppress(OSError):  # it has ended, or closed its end, without reading to ours
        sock.sendall(text)
        sock.shutdown(socket.SHUT_WR)


def _written(program: Worker, timeout: float, abort: threading.Event) -> Iterator[bytes]:
    """What it writes, until it has ended."""
    until, size = time.monotonic() + timeout, 0
    while not abort.is_set():
        if time.monotonic() > until:
            raise CommandFailed(
                f"the program took longer than {timeout:g} s. Give it more: shell.run(..., timeout=...)"
            )
        if size > OUTPUT_AT_MOST:
            raise CommandFailed(f"the program wrote more than {OUTPUT_AT_MOST:,} bytes")
        data = _next(program)
        if data == b"" and program.exited.wait(LOOK_EVERY):
            return
        size += len(data or b"")
        yield data or b""
    raise CommandFailed("the step was given up")


def _next(program: Worker) -> bytes | None:
    """None: nothing for a while. Empty: it will write no more."""
    readable, _, _ = select.select([program.sock], [], [], LOOK_EVERY)
    try:
        return program.sock.recv(65536) if readable else None
    except ConnectionResetError:  # it has ended without reading all of its input
        return b""
