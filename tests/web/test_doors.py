"""What other services send is stored as events before it is answered; what nobody vouches for is not."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from typing import Any

import httpx2
import pytest

from harness.web.doors.hooks import Hooks
from harness.web.doors.tokens import Tokens
from harness.web.guard import BODY_AT_MOST
from sidecar.client import views
from tests.support import signing

from .conftest import Web

LISTENER = '''"""Note what is paid."""

from pydantic import BaseModel

from skills import Run, skill, webhook


class Payment(BaseModel):
    amount: int


@skill(on=webhook("payments", Payment))
def payments(run: Run, payment: Payment) -> str:
    return f"paid {payment.amount}"
'''

HOST = "hooks.example.com"  # by whatever name this machine is known outside


def key(web: Web, name: str, **more: Any) -> str:
    hooks = Hooks(web.sidecar.client.settings.store)
    hooks.remove(name)
    return hooks.add(name, **({"scheme": "standard"} | more)).keys[-1].value


def signed(key: str, body: str, *, id_: str = "msg_1", at: float | None = None) -> dict[str, str]:
    return signing.signed(key, body, id_=id_, at=at) | {"host": HOST}


def post(web: Web, path: str, body: str | bytes, headers: dict[str, str]) -> httpx2.Response:
    with web.stranger(**{"content-type": "application/json"} | headers) as sender:
        return sender.post(path, content=body)


def stored(web: Web, name: str) -> list[views.Event]:
    return web.sidecar.client.events(name=name)


def test_a_signed_webhook_starts_the_skill_that_listens_and_comes_once(web: Web) -> None:
    web.sidecar.put("payments", LISTENER)
    body = json.dumps({"amount": 7})
    headers = signed(key(web, "payments"), body)

    first, again = (post(web, "/hooks/payments", body, headers) for _ in range(2))

    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json() == {"event": "hook.payments", "id": "msg_1", "is_new": True}
    assert again.json()["is_new"] is False
    (event,) = stored(web, "hook.payments")
    assert event.source == "webhook payments"
    assert web.sidecar.ended(str(event.deliveries[0].run)).output == "paid 7"


def test_what_nobody_vouches_for_is_refused_and_nothing_of_it_stored(web: Web) -> None:
    mine, other = key(web, "strict"), key(web, "other")
    body = '{"amount": 7}'
    good = signed(mine, body)
    refused = {
        "another key": (401, "/hooks/strict", body, signed(other, body)),
        "another body": (401, "/hooks/strict", body + " ", good),
        "of another webhook": (401, "/hooks/other", body, good),
        "no signature": (400, "/hooks/strict", body, {"host": HOST}),
        "too late": (400, "/hooks/strict", body, signed(mine, body, at=time.time() - 400)),
        "from the future": (400, "/hooks/strict", body, signed(mine, body, at=time.time() + 400)),
        "no such webhook": (404, "/hooks/nobody", body, good),
        "no name": (404, "/hooks/..%2f..%2fpassword", body, good),
        "no JSON": (400, "/hooks/strict", "{", signed(mine, "{")),
        "no JSON for every database": (400, "/hooks/strict", '"\\u0000"', signed(mine, '"\\u0000"')),
        "too large": (413, "/hooks/strict", "1" * (BODY_AT_MOST + 1), signed(mine, "1" * (BODY_AT_MOST + 1))),
        "too large to store": (413, "/hooks/strict", f'"{"x" * 2**20}"', signed(mine, f'"{"x" * 2**20}"')),
        "another kind": (415, "/hooks/strict", body, good | {"content-type": "application/x-www-form-urlencoded"}),
    }
    for reason, (status, path, sent, headers) in refused.items():
        answer = post(web, path, sent, headers)
        assert answer.status_code == status, (reason, answer.text)
        assert answer.headers["content-type"] == "application/problem+json", reason
        assert set(answer.json()) == {"type", "title", "status", "detail"}
    assert not stored(web, "hook.strict")
    assert not stored(web, "hook.other")


def test_a_body_without_a_length_is_counted_as_it_comes(web: Web) -> None:
    with web.stranger(host=HOST) as sender:
        answer = sender.post("/hooks/payments", content=(b"x" * 2**18 for _ in range(12)))
    assert answer.status_code == 413


def test_a_text_is_kept_as_a_text(web: Web) -> None:
    headers = signed(key(web, "texts"), "over and out") | {"content-type": "text/plain"}
    assert post(web, "/hooks/texts", "over and out", headers).status_code == 202
    assert stored(web, "hook.texts")[0].payload == "over and out"


def test_after_a_new_key_the_old_one_is_good_for_a_day(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    hooks = Hooks(web.sidecar.client.settings.store)
    old = key(web, "turning")
    new = hooks.rotate("turning").keys[-1].value
    for id_, used in (("1", old), ("2", new)):
        assert post(web, "/hooks/turning", "1", signed(used, "1", id_=id_)).status_code == 202
    monkeypatch.setattr("harness.web.doors.hooks.OLD_KEYS_WITHIN", -1.0)
    newest = hooks.rotate("turning").keys[-1].value
    assert post(web, "/hooks/turning", "1", signed(new, "1", id_="3")).status_code == 401
    assert post(web, "/hooks/turning", "1", signed(newest, "1", id_="4")).status_code == 202
    hooks.remove("turning")
    assert post(web, "/hooks/turning", "1", signed(newest, "1", id_="5")).status_code == 404


def test_githubs_way_of_signing_and_the_same_body_again_is_the_same_event(web: Web) -> None:
    secret = key(web, "github", scheme="github", key="It's a Secret to Everybody")
    body = '{"action": "opened"}'
    signature = f"sha256={hmac.new(secret.encode(), body.encode(), hashlib.sha256).hexdigest()}"
    answers = [
        post(web, "/hooks/github", body, {"x-hub-signature-256": signature, "x-github-delivery": id_, "host": HOST})
        for id_ in ("1", "made up by whoever listened in")
    ]
    assert [answer.json()["is_new"] for answer in answers] == [True, False]
    assert len(stored(web, "hook.github")) == 1


def cloud_event(**more: Any) -> str:
    return json.dumps(
        {"specversion": "1.0", "id": "1", "source": "/shop", "type": "order.paid", "data": {"n": 1}} | more
    )


@pytest.fixture(scope="module")
def token(web: Web) -> str:
    return Tokens(web.sidecar.client.settings.store).add("shop")


def sent(web: Web, token: str, body: str, kind: str = "application/cloudevents+json") -> httpx2.Response:
    return post(web, "/events", body, {"authorization": f"Bearer {token}", "content-type": kind, "host": HOST})


def test_cloud_events_are_stored_once_by_source_and_id(web: Web, token: str) -> None:
    answers = [sent(web, token, cloud_event(source=source)) for source in ("/shop", "/shop", "/other")]
    assert [answer.status_code for answer in answers] == [202] * 3
    assert [answer.json()[0]["is_new"] for answer in answers] == [True, False, True]
    newest, oldest = stored(web, "order.paid")
    assert (oldest.id, oldest.payload, oldest.source) == ("/shop 1", {"n": 1}, "token shop")
    assert newest.id == "/other 1"


def test_a_batch_and_the_binary_mode(web: Web, token: str) -> None:
    some = [json.loads(cloud_event(type="batched", id=str(number))) for number in range(3)]
    answer = sent(web, token, json.dumps(some), "application/cloudevents-batch+json")
    assert [one["is_new"] for one in answer.json()] == [True] * 3
    headers = {"ce-specversion": "1.0", "ce-id": "9", "ce-source": "/shop", "ce-type": "batched"}
    answer = post(web, "/events", '{"n": 9}', headers | {"authorization": f"Bearer {token}"})
    assert answer.status_code == 202, answer.text
    assert [event.payload for event in stored(web, "batched")] == [{"n": 9}, {"n": 1}, {"n": 1}, {"n": 1}]


def test_without_a_token_nothing_is_stored(web: Web, token: str) -> None:
    body = cloud_event(type="not.mine")
    for wrong in ("x", token[:-1], token.replace("shop", "nobody"), "tend_shop.", "../../../etc/passwd.x"):
        answer = sent(web, wrong, body)
        assert answer.status_code == 401, wrong
        assert answer.headers["www-authenticate"] == "Bearer"
    with web.browser(**{"content-type": "application/cloudevents+json"}) as browser:
        assert browser.post("/events", content=body).status_code == 401  # a cookie is no token
    assert not stored(web, "not.mine")
    Tokens(web.sidecar.client.settings.store).add("brief")
    gone = Tokens(web.sidecar.client.settings.store)
    assert gone.remove("brief")
    assert sent(web, "tend_brief.x", body).status_code == 401


def test_what_is_no_event_is_a_problem(web: Web, token: str) -> None:
    for status, body in ((400, "{"), (422, cloud_event(type="hook.strict")), (422, cloud_event(id=""))):
        answer = sent(web, token, body)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
    assert sent(web, token, "x", "text/plain").status_code == 415
    with web.stranger() as stranger:
        assert stranger.get("/events").status_code == 405


def test_keys_and_tokens_are_their_owners_files_and_nowhere_else(web: Web, token: str) -> None:
    secret = key(web, "secretive")
    assert post(web, "/hooks/secretive", "1", signed(secret, "1")).status_code == 202
    store = web.sidecar.client.settings.store
    for file in (store / "web").rglob("*"):
        assert file.stat().st_mode & 0o077 == 0, file
    with_it = {file.name for file in store.rglob("*") if file.is_file() and secret[6:].encode() in file.read_bytes()}
    assert with_it == {"secretive"}
    assert not [file for file in store.rglob("*") if file.is_file() and token.encode() in file.read_bytes()]


def test_while_the_sidecar_is_away_nothing_is_acknowledged_and_what_was_comes_once(web: Web) -> None:
    """Killed as it stores: of what came together all or none is there, and the sender's next try settles it."""
    secret = key(web, "tried")
    ids = [str(number) for number in range(20)]
    answers: dict[str, httpx2.Response] = {}

    def send(id_: str) -> None:
        answers[id_] = post(web, "/hooks/tried", "1", signed(secret, "1", id_=id_))

    web.sidecar.failpoints.strike("events.emitted")  # they are on disk, and nobody was told
    threads = [threading.Thread(target=send, args=(id_,)) for id_ in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert web.sidecar.exit_status() == -9
    assert {answer.status_code for answer in answers.values()} == {503}
    assert all(answer.headers["retry-after"] for answer in answers.values())
    web.sidecar.start()
    before = {event.id for event in stored(web, "hook.tried")}
    assert before  # on disk all the same
    for id_ in ids:
        send(id_)
    assert {id_: answers[id_].json()["is_new"] for id_ in ids} == {id_: id_ not in before for id_ in ids}
    assert sorted(event.id for event in stored(web, "hook.tried")) == sorted(ids)
