"""A message as e-mail, by SMTP. The message's id is the mail's Message-ID, the same at each try."""

from __future__ import annotations

import smtplib
import ssl
import time
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate

from sidecar.gateway.requests import NoticeRequest
from sidecar.gateway.senders.outcome import Outcome
from sidecar.notices.targets import MailTarget

CONNECT = 10.0  # seconds for one of the server's addresses, and for its greeting
UNTIL_THE_TEXT = 40.0  # seconds for all that comes before it
WITHIN = 30.0  # seconds for one exchange with the server
DOMAIN = "tend.invalid"  # of the Message-ID; no machine has that name


def send_mail(target: MailTarget, password: str, request: NoticeRequest) -> Outcome:
    """Until the server has the whole text, it certainly has no mail; after that only its answer tells."""
    deadline = time.monotonic() + UNTIL_THE_TEXT
    try:
        server = _connected(target)
    except (smtplib.SMTPException, OSError) as error:
        return _not_sent(error)
    try:
        _introduce(server, target, password, deadline)
        _begin(server, target, deadline)
    except (smtplib.SMTPException, OSError) as error:
        server.close()
        return _not_sent(error)
    try:
        _allow(server, WITHIN)
        code, said = server.data(_mail(target, request).as_bytes())
    except smtplib.SMTPResponseException as error:  # it did not want the text
        return _not_sent(error)
    except (smtplib.SMTPException, OSError) as error:
        return Outcome(state="lost", why=f"the mail server gave no answer to the text: {error or repr(error)}")
    finally:
        server.close()
    return Outcome(state="sent") if code == 250 else _answered(code, said)


def _connected(target: MailTarget) -> smtplib.SMTP:
    if target.security == "tls":
        return smtplib.SMTP_SSL(target.host, target.port, timeout=CONNECT, context=ssl.create_default_context())
    return smtplib.SMTP(target.host, target.port, timeout=CONNECT)


def _introduce(server: smtplib.SMTP, target: MailTarget, password: str, deadline: float) -> None:
    _allow(server, deadline - time.monotonic())
    server.ehlo_or_helo_if_needed()
    if target.security == "starttls":
        _allow(server, deadline - time.monotonic())
        server.starttls(context=ssl.create_default_context())
    if target.user:
        _allow(server, deadline - time.monotonic())
        server.login(target.user, password)


def _begin(server: smtplib.SMTP, target: MailTarget, deadline: float) -> None:
    for say, address in ((server.mail, target.sender), (server.rcpt, target.to)):
        _allow(server, deadline - time.monotonic())
        code, said = say(address)
        if code not in (250, 251):
            raise smtplib.SMTPResponseException(code, said)


def _allow(server: smtplib.SMTP, seconds: float) -> None:
    """For the next exchange."""
    if seconds <= 0:
        raise TimeoutError(f"timed out: what comes before the text took longer than {UNTIL_THE_TEXT:g} s")
    if server.sock:
        server.sock.settimeout(min(seconds, WITHIN))


def _mail(target: MailTarget, request: NoticeRequest) -> EmailMessage:
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"] = target.sender, target.to
    mail["Subject"] = " ".join(request.title.split())
    mail["Date"] = formatdate()
    mail["Message-ID"] = f"<{request.message}@{DOMAIN}>"
    mail["Auto-Submitted"] = "auto-generated"  # no vacation notice comes back
    mail.set_content(request.text)
    return mail


def _not_sent(error: Exception) -> Outcome:
    if isinstance(error, smtplib.SMTPResponseException):
        return _answered(error.smtp_code, error.smtp_error)
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return Outcome(state="refused", why=f"the mail server can't do what the settings want: {error}")
    return Outcome(state="later", why=f"the mail server was not reached: {error or repr(error)}")


def _answered(code: int, said: bytes | str) -> Outcome:
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    return Outcome(state="refused" if code >= 500 else "later", why=f"the mail server says: {code} {text}")
