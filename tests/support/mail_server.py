"""A real SMTP server on this machine, with faults."""

from __future__ import annotations

import socket
from asyncio import Transport
from collections import deque
from email import message_from_bytes
from email.message import Message
from types import TracebackType
from typing import Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

HANG_UP = ""  # in place of an answer


class MailServer:
    """Keeps every mail that it took. `answers` are given to the next texts, in place of taking them: "451 later"; after
    `HANG_UP` the text was taken, and nobody is told."""

    def __init__(self) -> None:
        self.mails: list[Message] = []
        self.answers: deque[str] = deque()
        self.port = _free_port()
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._controller.stop()

    @property
    def settings(self) -> str:
        """Of a target, for tend.toml."""
        who = 'kind = "email"\nto = "me@example.com"\nfrom = "tend@example.com"\n'
        return f'{who}host = "127.0.0.1"\nport = {self.port}\nsecurity = "none"\n'

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 # aiosmtpd's
        answer = self.answers.popleft() if self.answers else None
        if answer:
            return answer
        self.mails.append(message_from_bytes(envelope.original_content or b""))
        if answer == HANG_UP:
            assert isinstance(server.transport, Transport)
            server.transport.abort()
        return "250 taken"


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port
