"""Webhooks are signed, mail is sent by SMTP; what may have come and can't be looked up is a person's to decide."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Literal, Self
from urllib.parse import urlsplit

import pytest

from sidecar.gateway import hosts
from sidecar.gateway.fetch import Fetcher
from sidecar.gateway.requests import NoticeRequest
from sidecar.gateway.senders import Outcome, senders, webhook
from sidecar.gateway.senders import mail as mail_sender
from sidecar.gateway.senders.webhook import signed
from sidecar.gateway.settings import GatewaySettings
from sidecar.gateway.vault import Vault
from sidecar.notices.targets import MailTarget, SlackTarget, WebhookTarget
from sidecar.secret_folder import SecretFolder
from tests.gateway.web_server import WebServer, web_server
from tests.notices.stage import comes_to_be, postings, say, with_targets
from tests.support.live_sidecar import LiveSidecar
from tests.support.mail_server import HANG_UP, MailServer
from tests.support.sink import NO_REPLY, Received, Sink
from tests.support.slack import TOKEN
from tests.support.waiting import wait_until

SECRET = f"whsec_{base64.b64encode(b'as long as it has to be').decode()}"  # of no real webhook

OTHER = "0123456789"  # a secret that stands in a webhook's address

FAILS = '''"""Fail when told to."""

from skills import Run, skill


@skill()
def fails(run: Run, fail: bool) -> str:
    if fail:
        raise ValueError("as told")
    return "well"
'''


@pytest.fixture(scope="module")
def mail() -> Iterator[MailServer]:
    with MailServer() as server:
        yield server


@pytest.fixture(scope="module")
def web() -> Iterator[WebServer]:
    with web_server() as server:
        yield server


@pytest.fixture(scope="module")
def sidecar(
    sink: Sink, mail: MailServer, web: WebServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LiveSidecar]:
    hooks = "".join(
        f'[targets.{name}]\nkind = "webhook"\nurl = "http://{sink.host}/{name}"\n'
        for name in ("hook", "alarm", "flaky")
    )
    toml = f'alerts = ["alarm"]\n{hooks}[targets.me]\n{mail.settings}'
    toml += f'[targets.written]\nkind = "webhook"\nurl = "HTTP://{sink.host}/a b/ü/{OTHER}"\n'
    toml += f'[targets.moved]\nkind = "webhook"\nurl = "{web.url}/redirect//echo"\n'
    targets = with_targets(tmp_path_factory.mktemp("targets"), toml, webhook_secret=SECRET)
    SecretFolder(targets.workspace / ".tend" / "secrets").set("OTHER", OTHER)
    with targets as live:
        yield live


def received(sink: Sink, path: str, text: str) -> list[Received]:
    return [item for item in sink.received if item.path == path and text in item.body]


def test_a_signature_is_that_of_the_standard() -> None:
    """By the example that the standard's own libraries are tested with."""
    secret, message = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek"
    headers = signed(secret, message, 1614265330, b'{"test": 2432232314}')
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_webhook_gets_it_signed_and_with_its_id(sidecar: LiveSidecar, sink: Sink) -> None:
    (notice,) = say(sidecar, "hook", "bread is down")
    sent = comes_to_be(sidecar, notice, "sent")
    (request,) = received(sink, "/hook", "bread is down")
    at = int(request.headers["webhook-timestamp"])
    assert request.headers["webhook-id"] == sent.id
    assert (
        request.headers["webhook-signature"] == signed(SECRET, sent.id, at, request.body.encode())["webhook-signature"]
    )
    payload = json.loads(request.body)
    assert payload["data"]["text"] == "bread is down"
    (told,) = payload["data"]["notices"]
    assert (told["skill"], told["run"], told["kind"]) == ("says", notice.run, "said")


def test_a_webhook_that_is_busy_gets_it_again_under_the_same_id(sidecar: LiveSidecar, sink: Sink) -> None:
    sink.replies["/hook"].extend([(503, {}), (429, {})])
    (notice,) = say(sidecar, "hook", "busy")
    assert comes_to_be(sidecar, notice, "sent").tries == 3
    assert len({request.headers["webhook-id"] for request in received(sink, "/hook", "busy")}) == 1


def test_a_webhook_that_gave_no_answer_is_ambiguous_and_told_of_elsewhere(sidecar: LiveSidecar, sink: Sink) -> None:
    sink.replies["/flaky"].append(NO_REPLY)
    first, second = say(sidecar, "flaky", "no answer", "goes on")
    asked = comes_to_be(sidecar, first, "ambiguous")
    comes_to_be(sidecar, second, "sent")
    wait_until(lambda: received(sink, "/alarm", f"tend notices retry {asked.id}"), "another target hears of it")
    wait_until(lambda: received(sink, "/alarm", "flaky takes notices again"), "and of its recovery")
    assert len(received(sink, "/flaky", "no answer")) == 1, "it is not sent again by itself"
    sidecar.client.drop_posting(asked.id)
    assert [posting.state for posting in postings(sidecar, first)] == ["dropped"]


def test_a_webhook_that_refuses_has_failed(sidecar: LiveSidecar, sink: Sink) -> None:
    sink.replies["/hook"].append((400, {}))
    (notice,) = say(sidecar, "hook", "not wanted")
    failed = comes_to_be(sidecar, notice, "failed")
    assert failed.reason == f"{sink.host} answered 400"
    sidecar.client.retry_posting(failed.id)
    assert comes_to_be(sidecar, notice, "sent").id == failed.id


def test_a_webhook_whose_address_is_written_in_another_way_has_it(sidecar: LiveSidecar, sink: Sink) -> None:
    (notice,) = say(sidecar, "written", "an odd address")
    comes_to_be(sidecar, notice, "sent")
    assert len(received(sink, f"/a%20b/%C3%BC/{OTHER}", "an odd address")) == 1


def test_a_webhook_that_sends_it_on_has_failed(sidecar: LiveSidecar, web: WebServer) -> None:
    (notice,) = say(sidecar, "moved", "sent on")
    failed = comes_to_be(sidecar, notice, "failed")
    assert failed.reason == f"{web.host} answered 302, and sends it on. Name the final address in the settings"
    assert "GET /echo" not in web.seen, "nobody else has it"


def test_a_webhook_that_answers_at_great_length_may_have_it(sidecar: LiveSidecar, sink: Sink) -> None:
    sink.replies["/flaky"].append((200, {"long": "x" * 11 * 1024 * 1024}))
    (notice,) = say(sidecar, "flaky", "a long answer")
    asked = comes_to_be(sidecar, notice, "ambiguous")
    assert "answered with more than" in (asked.reason or "")
    sidecar.client.drop_posting(asked.id)


def test_mail_comes_once_with_its_id_and_a_server_that_is_busy_is_tried_again(
    sidecar: LiveSidecar, mail: MailServer
) -> None:
    mail.answers.append("451 greylisted")
    (notice,) = say(sidecar, "me", "first line\n.second line, äöü €")
    sent = comes_to_be(sidecar, notice, "sent")
    (came,) = mail.mails
    assert (sent.tries, came["Message-ID"]) == (2, f"<{sent.id}@tend.invalid>")
    assert (came["Subject"], came["To"]) == ("says: first line", "me@example.com")
    assert (came.get_payload(decode=True) or b"") == "first line\r\n.second line, äöü €\r\n".encode()


def test_mail_whose_answer_was_lost_is_ambiguous(sidecar: LiveSidecar, mail: MailServer) -> None:
    mail.answers.append(HANG_UP)
    before = len(mail.mails)
    (notice,) = say(sidecar, "me", "lost")
    asked = comes_to_be(sidecar, notice, "ambiguous")
    assert (asked.reason or "").endswith("; a mail server has no history")
    assert len(mail.mails) == before + 1


def test_the_first_failure_and_the_recovery_are_told_once(sidecar: LiveSidecar, sink: Sink) -> None:
    sidecar.put("fails", FAILS)
    for _ in range(3):
        failed = sidecar.run("fails", True).run
    wait_until(lambda: received(sink, "/alarm", "fails has failed: ValueError: as told"), "the failure is told")
    sidecar.run("fails", False)
    wait_until(lambda: received(sink, "/alarm", "fails has recovered"), "the recovery is told")
    sidecar.run("fails", False)
    (first,) = received(sink, "/alarm", "fails has failed")
    assert "tend runs show" in first.body
    assert failed.id not in first.body, "of three failures, the first"
    assert len(received(sink, "/alarm", "fails has recovered")) == 1


def test_a_test_of_a_target_comes_there(sidecar: LiveSidecar, sink: Sink) -> None:
    comes_to_be(sidecar, sidecar.client.test_target("hook"), "sent")
    assert received(sink, "/hook", "This is a test of the target hook, by person.")


def test_doctor_names_the_targets_what_is_stuck_and_names_without_a_target(sidecar: LiveSidecar) -> None:
    (stuck,) = say(sidecar, "nobody", "kept")
    found = {health.name: health for health in sidecar.client.doctor()}
    assert found["targets"].state == "ok"
    assert "me (email me@example.com)" in found["targets"].detail
    assert found["targets"].detail.endswith("alerts go to alarm")
    assert "'nobody'" in found["names of targets"].detail
    assert postings(sidecar, stuck) == ()


def test_a_secret_in_a_text_goes_nowhere(sidecar: LiveSidecar, sink: Sink) -> None:
    (notice,) = say(sidecar, "hook", f"leaks {SECRET} by mistake")
    comes_to_be(sidecar, notice, "sent")
    (request,) = received(sink, "/hook", "by mistake")
    assert SECRET not in request.body


class Listener:
    """Takes a connection to this machine, and says what it is told to: a greeting, and an answer to each line that
    comes. Then it is silent for a while, and hangs up."""

    def __init__(self, *answers: str) -> None:
        self._answers = answers
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        connection, _ = self._socket.accept()
        with connection, connection.makefile("rb") as lines, suppress(OSError):
            for answer in self._answers:
                connection.sendall(f"{answer}\r\n".encode())
                lines.readline()
            connection.settimeout(4)
            while lines.readline():
                pass


A_NOTICE = NoticeRequest(action="send", target="x", message="m1", title="t", text="t", since=1.0)
TAKES_THE_REST = ("220 here", "250 x", "250 sender", "250 recipient", "354 go on")


@pytest.mark.parametrize(("answers", "state"), [((), "later"), (TAKES_THE_REST[:3], "later"), (TAKES_THE_REST, "lost")])
def test_a_mail_server_that_is_slow_is_hung_up_on(
    monkeypatch: pytest.MonkeyPatch, answers: tuple[str, ...], state: str
) -> None:
    for bound in ("CONNECT", "UNTIL_THE_TEXT", "WITHIN"):
        monkeypatch.setattr(mail_sender, bound, 0.5)
    with Listener(*answers) as server:
        target = MailTarget.model_validate(
            {"from": "a@b.de", "to": "c@d.de", "host": "127.0.0.1", "port": server.port, "security": "none"}
        )
        outcome = mail_sender.send_mail(target, "", A_NOTICE)
    assert outcome.state == state
    assert "timed out" in outcome.why


@pytest.mark.parametrize(("action", "state"), [("send", "lost"), ("look_up", "later")])
def test_a_target_that_takes_too_long_has_an_outcome_all_the_same(
    monkeypatch: pytest.MonkeyPatch, action: Literal["send", "look_up"], state: str
) -> None:
    monkeypatch.setattr(senders, "WITHIN", 0.5)
    with Listener() as silent:
        target = SlackTarget(channel="C0OPS", base_url=f"http://127.0.0.1:{silent.port}/")
        settings = GatewaySettings(targets={"x": target}, target_secrets={"SLACK_TOKEN": TOKEN})
        vault = Vault(settings.secrets, settings.target_secrets.items())
        sending = senders.Senders(settings, Fetcher(vault), vault)
        outcome = asyncio.run(sending.perform(A_NOTICE.model_copy(update={"action": action})))
    assert (outcome.state, outcome.why) == (state, "it took longer than 0.5 s")


def test_a_secret_of_the_environment_that_is_too_short_to_be_kept_is_not_used() -> None:
    target = WebhookTarget(url="https://hook.example.com/")
    settings = GatewaySettings(targets={"x": target}, target_secrets={"WEBHOOK_SECRET": "whsec_="})
    vault = Vault(settings.secrets, settings.target_secrets.items())
    outcome = asyncio.run(senders.Senders(settings, Fetcher(vault), vault).perform(A_NOTICE))
    assert outcome.state == "later"
    assert outcome.why == "TEND_WEBHOOK_SECRET has less than 8 characters, too few to be kept secret."


@pytest.mark.parametrize("url", ["https://127.0.0.1:9/T0/s3cr3t?key=s3cr3t", "http://localhost:9/s3cr3t"])
def test_an_address_that_is_itself_a_secret_is_not_told(url: str) -> None:
    outcome = post_by(Fetcher(Vault((), ())), url)
    assert outcome.state == "later"
    assert outcome.why.startswith(f"no connection to {urlsplit(url).netloc}: ")
    assert "s3cr3t" not in outcome.why


@pytest.mark.parametrize("host", ["hook.lan", "localhost"])
def test_a_webhook_may_be_in_ones_own_network(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    """A person has written it, and its certificate says who it is."""

    async def answers(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    monkeypatch.setattr(hosts, "_resolve", answers)
    outcome = post_by(Fetcher(Vault((), ())), f"https://{host}:9/tend")
    assert outcome.state == "later"
    assert outcome.why.startswith(f"no connection to {host}:9: ")


def post_by(fetcher: Fetcher, url: str) -> Outcome:
    return asyncio.run(webhook.post(fetcher, WebhookTarget(url=url), SECRET, A_NOTICE))
