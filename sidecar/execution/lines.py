"""One JSON object a line over a stream socket: how the sidecar and a worker talk."""

from __future__ import annotations

import select
import socket

LINE_AT_MOST = 16 * 1024 * 1024  # bytes


class LineTooLong(Exception):
    """The other side sent more than a message may have."""


class Lines:
    """Reads and writes whole lines. One reader and one writer at a time; the two may be different threads."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._buffer = bytearray()
        self._arriving = select.poll()
        self._arriving.register(sock, select.POLLIN)

    def send(self, text: str) -> None:
        self._sock.sendall(text.encode() + b"\n")

    def receive(self, timeout: float | None = None) -> str | None:
        """The next line; None at the end of the stream. Raises TimeoutError after `timeout` seconds of silence."""
        scanned = 0
        while (end := self._buffer.find(b"\n", scanned)) < 0:
            scanned = len(self._buffer)
            if scanned > LINE_AT_MOST:
                raise LineTooLong(f"a message of more than {LINE_AT_MOST:,} bytes")
            # Not by the socket's own timeout: that would hold for whoever is sending meanwhile, too.
            if not self._arriving.poll(None if timeout is None else timeout * 1000):
                raise TimeoutError(f"nothing was said for {timeout:g} s")
            try:
                chunk = self._sock.recv(65536)
            except ConnectionResetError:
                return None
            if not chunk:
                return None
            self._buffer += chunk
        line = self._buffer[:end].decode()
        del self._buffer[: end + 1]
        return line

    def close(self) -> None:
        self._sock.close()
