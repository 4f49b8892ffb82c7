"""A message as e-mail, by SMTP. The message's id is the mail's Message-ID, the same at each try."""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate

from sidecar.gateway.requests import NoticeRequest
from sidecar.gateway.senders.outcome import Outcome
from sidecar.notices.targets import MailTarget

WITHIN = 30.0  # seconds for one exchange with the server
DOMAIN = "tend.invalid"  # of the Message-ID; no machine has that name


def send_mail(target: MailTarget, password: str, request: NoticeRequest) -> Outcome:
    """Until the server has the whole text, it certainly has no mail; after that only its answer tells."""
    try:
        server = _connected(target)
    except (smtplib.SMTPException, OSError) as error:
        return _not_sent(error)
    try:
        _introduce(server, target, password)
        _begin(server, target)
    except (smtplib.SMTPException, OSError) as error:
        server.close()
        return _not_sent(error)
    try:
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
        return smtplib.SMTP_SSL(target.host, target.port, timeout=WITHIN, context=ssl.create_default_context())
    return smtplib.SMTP(target.host, target.port, timeout=WITHIN)


def _introduce(server: smtplib.SMTP, target: MailTarget, password: str) -> None:
    server.ehlo_or_helo_if_needed()
    if target.security == "starttls":
        server.starttls(context=ssl.create_default_context())
    if target.user:
        server.login(target.user, password)


def _begin(server: smtplib.SMTP, target: MailTarget) -> None:
    for code, said in (server.mail(target.sender), server.rcpt(target.to)):
        if code not in (250, 251):
            raise smtplib.SMTPResponseException(code, said)


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
