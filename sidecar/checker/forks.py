"""The sidecar's handle on one zygote: start it, ask it, end it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from sidecar.checker.limited import FORKED

READY_WITHIN = 30.0  # seconds; it takes half of one where the machine is idle
_SLACK = 1.0  # seconds: a child that used up its time is killed by then


class NoAnswer(Exception):
    """The zygote, or the child that it forked, gave none: what follows is why."""


class Forks:
    """A running zygote. Ask it from several threads if you like: each request has a child and a socket of its own.

    `folder` is the zygote's own, with mypy's configuration and library cache.
    """

    def __init__(self, folder: Path) -> None:
        self._control, theirs = socket.socketpair()
        self._errors = folder / "stderr"
        with theirs, self._errors.open("wb") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-m", "sidecar.checker.zygote", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                env={"LC_ALL": "C.UTF-8"},
                cwd=folder,
                start_new_session=True,
            )

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, kind: str, text: str) -> str:
        """What a child of its own answers. Raises NoAnswer."""
        ours, theirs = socket.socketpair()
        with ours:
            try:
                with theirs:
                    socket.send_fds(self._control, [b"f"], [theirs.fileno()])
                return _answer(_converse(ours, f"{kind}\n{text}".encode()))
            except OSError as error:
                raise NoAnswer(f"the zygote or its child is gone: {error}") from error

    def wait_until_ready(self) -> None:
        """Raises NoAnswer where it does not become so."""
        self._control.settimeout(READY_WITHIN)
        try:
            ready = self._control.recv(1)
        except OSError:
            ready = b""
        self._control.settimeout(None)
        if not ready:
            said = self._errors.read_text(errors="replace").strip().splitlines()
            raise NoAnswer(f"the zygote did not become ready: {said[-1] if said else 'it said nothing'}")

    def kill(self) -> None:
        """End it and all its children; whoever waits for them gets no answer."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def close(self) -> None:
        self.kill()
        self._control.close()


def _converse(connection: socket.socket, request: bytes) -> bytes:
    deadline = time.monotonic() + FORKED.wall_seconds + _SLACK
    connection.settimeout(FORKED.wall_seconds + _SLACK)
    connection.sendall(request)
    connection.shutdown(socket.SHUT_WR)
    reply = b""
    while data := connection.recv(65536):
        reply += data
        connection.settimeout(max(deadline - time.monotonic(), 0.001))
    return reply


def _answer(reply: bytes) -> str:
    try:
        said = json.loads(reply)
    except ValueError:
        raise NoAnswer("its child was ended, or took longer than it may") from None
    if "answer" not in said:
        raise NoAnswer(str(said.get("failed", said)))
    return str(said["answer"])
