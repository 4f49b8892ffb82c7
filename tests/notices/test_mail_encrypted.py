"""Mail goes encrypted, to the server whose certificate is good, and the password with it; or it does not go."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from sidecar.gateway.requests import NoticeRequest
from sidecar.gateway.senders.mail import send_mail
from sidecar.gateway.senders.outcome import Outcome
from sidecar.notices.targets import MailTarget
from tests.notices.stage import comes_to_be, say, with_targets
from tests.support.mail_server import PASSWORD, USER, MailServer, self_signed

Security = Literal["starttls", "tls"]
BOTH: tuple[Security, ...] = ("starttls", "tls")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return self_signed(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """This process takes it for good."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    return certificate


def send(server: MailServer, security: Security, password: str = PASSWORD) -> Outcome:
    facts = {"to": "me@example.com", "from": USER, "host": "127.0.0.1", "user": USER}
    target = MailTarget.model_validate(facts | {"port": server.port, "security": security})
    request = NoticeRequest(
        action="send", target="me", channel=None, message="m1", title="bread", text="is down", items=(), since=0.0
    )
    return send_mail(target, password, request)


@pytest.mark.parametrize("security", BOTH)
def test_it_logs_in_and_the_mail_comes(security: Security, trusted: Path) -> None:
    with MailServer(security, trusted) as server:
        assert send(server, security).state == "sent"
        assert server.logins == [(USER.encode(), PASSWORD.encode())]
        (mail,) = server.mails
        assert (mail["Subject"], mail["Message-ID"]) == ("bread", "<m1@tend.invalid>")


@pytest.mark.parametrize("security", BOTH)
def test_a_wrong_password_is_refused_and_said(security: Security, trusted: Path) -> None:
    with MailServer(security, trusted) as server:
        outcome = send(server, security, "another")
        assert (outcome.state, server.mails) == ("refused", [])
        assert outcome.why.startswith("the mail server says: 535")
        assert "another" not in outcome.why


@pytest.mark.parametrize("security", BOTH)
def test_a_server_whose_certificate_is_not_good_is_told_nothing(security: Security, certificate: Path) -> None:
    with MailServer(security, certificate) as server:
        outcome = send(server, security)
        assert (outcome.state, server.mails, server.logins) == ("later", [], [])
        assert "certificate" in outcome.why


def test_a_server_without_starttls_is_told_no_password() -> None:
    with MailServer() as server:
        outcome = send(server, "starttls")
        assert (outcome.state, server.mails, server.logins) == ("refused", [], [])
        assert outcome.why.startswith("the mail server can't do what the settings want")


def test_a_notice_comes_there_with_the_password_of_the_settings(tmp_path: Path, certificate: Path) -> None:
    with MailServer("starttls", certificate) as server:
        live = with_targets(tmp_path, f"[targets.me]\n{server.settings}", smtp_password=PASSWORD)
        live.environment["SSL_CERT_FILE"] = str(certificate)
        with live:
            (notice,) = say(live, "me", "bread is down")
            comes_to_be(live, notice, "sent")
        assert [mail["Subject"] for mail in server.mails] == ["says: bread is down"]
