"""A real SMTP server on this machine, with faults."""

from __future__ import annotations

import socket
import ssl
import subprocess
from asyncio import Transport
from collections import deque
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

HANG_UP = ""  # in place of an answer
USER, PASSWORD = "tend@example.com", "of a test"  # of no real mailbox


class MailServer:
    """Keeps every mail that it took. `answers` are given to the next texts, in place of taking them: "451 later"; after
    `HANG_UP` the text was taken, and nobody is told. With a certificate it takes mail encrypted, from `USER`:
    from the first byte (`tls`), or from STARTTLS on."""

    def __init__(self, security: Literal["none", "starttls", "tls"] = "none", certificate: Path | None = None) -> None:
        self.mails: list[Message] = []
        self.answers: deque[str] = deque()
        self.logins: list[tuple[bytes, bytes]] = []  # also those that were refused
        self.port = _free_port()
        self._security = security
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port, **self._encrypted(certificate))

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
        login = f'user = "{USER}"\n' if self._security != "none" else ""
        return f'{who}{login}host = "127.0.0.1"\nport = {self.port}\nsecurity = "{self._security}"\n'

    def _encrypted(self, certificate: Path | None) -> dict[str, Any]:
        if certificate is None:
            return {}
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
        if self._security == "tls":  # what it calls TLS in `auth_require_tls` is STARTTLS alone
            return {"ssl_context": context, "auth_require_tls": False, "authenticator": self._log_in}
        login = {"auth_required": True, "authenticator": self._log_in}
        return {"tls_context": context, "require_starttls": True, **login}

    def _log_in(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: LoginPassword
    ) -> AuthResult:
        self.logins.append((given.login, given.password))
        return AuthResult(success=(given.login, given.password) == (USER.encode(), PASSWORD.encode()), handled=False)

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


def self_signed(folder: Path) -> Path:
    """A certificate of 127.0.0.1, and its key, in one file."""
    file = folder / "certificate.pem"
    command = f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -keyout {file} -out {file}.crt -subj /CN=127.0.0.1"
    subprocess.run(
        [*command.split(), "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True, timeout=60
    )
    with file.open("a") as both:
        both.write(Path(f"{file}.crt").read_text())
    return file
