"""A skill uses a secret and never has it: a person sets it and says where it may be sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from sidecar.client import Refused
from tests.secrets.echo import Echo
from tests.support.live_sidecar import LiveSidecar

VALUE = "shop-0123456789/+="


@pytest.fixture(scope="module")
def shop() -> Iterator[Echo]:
    with Echo(VALUE) as echo:
        yield echo


@pytest.fixture(scope="module")
def other() -> Iterator[Echo]:
    with Echo(VALUE) as echo:
        yield echo


def skill(name: str, call: str, *hosts: str) -> str:
    return f'''"""Ask the shop."""

from skills import Run, StepFailed, http, secret, skill, step


@step(attempts=3)
def ask(url: str) -> str:
    return {call}.text


@skill(hosts={json.dumps(hosts)}, secrets=["SHOP_TOKEN"])
def {name}(run: Run, url: str) -> str:
    try:
        return run.step(ask, url)
    except StepFailed as error:
        return f"{{error.type}}: {{error.message}}"
'''


BEARER = 'http.get(url, bearer=secret("SHOP_TOKEN"))'


def test_what_is_still_to_be_typed_is_told_and_then_it_works(sidecar: LiveSidecar, shop: Echo) -> None:
    verdict = sidecar.client.write("asker", skill("asker", BEARER, shop.host), base=None, reason="a test")
    assert verdict.live and verdict.card
    (use,) = verdict.card.secrets
    assert use.todo == ("tend secret set SHOP_TOKEN", f"tend secret grant asker SHOP_TOKEN {shop.host}")
    assert "sends the secret SHOP_TOKEN" in verdict.card.may

    url = f"http://{shop.host}/"
    not_granted = sidecar.run("asker", url)
    assert f"Type: tend secret grant asker SHOP_TOKEN {shop.host}" in str(not_granted.output)
    (step,) = not_granted.steps
    assert len(step.attempts) == 1  # another try would not help
    sidecar.client.grant_secret("asker", "SHOP_TOKEN", shop.host)
    assert "Type there: tend secret set SHOP_TOKEN" in str(sidecar.run("asker", url).output)
    assert shop.received == []

    sidecar.client.set_secret("SHOP_TOKEN", VALUE)
    output = str(sidecar.run("asker", url).output)
    assert output.startswith("<p>[secret SHOP_TOKEN]</p>")
    assert f"authorization: Bearer {VALUE}".encode() in shop.received[-1]

    card = sidecar.client.skill("asker").card
    assert card and [(use.is_set, use.granted, use.todo) for use in card.secrets] == [(True, (shop.host,), ())]


@pytest.mark.parametrize(
    ("name", "call", "sent"),
    [
        ("in_header", 'http.get(url, headers={"X-Key": secret("SHOP_TOKEN")})', f"x-key: {VALUE}"),
        (
            "in_params",
            'http.get(url, params={"key": secret("SHOP_TOKEN"), "n": 1})',
            f"?key={quote(VALUE, safe='')}&n=1",
        ),
        ("in_json", 'http.post(url, json={"list": [secret("SHOP_TOKEN"), 1]})', f'{{"list": ["{VALUE}", 1]}}'),
        ("in_form", 'http.post(url, data={"key": secret("SHOP_TOKEN")})', f"key={quote(VALUE, safe='')}"),
        (
            "as_login",
            'http.get(url, auth=http.basic("me", secret("SHOP_TOKEN")))',
            "Basic bWU6c2hvcC0wMTIzNDU2Nzg5Lys9",
        ),
    ],
)
def test_where_it_may_stand(sidecar: LiveSidecar, shop: Echo, name: str, call: str, sent: str) -> None:
    sidecar.client.set_secret("SHOP_TOKEN", VALUE)
    sidecar.put(name, skill(name, call, shop.host))
    sidecar.client.grant_secret(name, "SHOP_TOKEN", shop.host)
    assert "[secret SHOP_TOKEN]" in str(sidecar.run(name, f"http://{shop.host}/").output)
    assert sent.encode() in shop.received[-1]


def test_a_redirect_to_another_host_loses_it_even_where_that_may_have_it(
    sidecar: LiveSidecar, shop: Echo, other: Echo
) -> None:
    sidecar.client.set_secret("SHOP_TOKEN", VALUE)
    url = f"http://{shop.host}/elsewhere?http://{other.host}/landed"
    for name, call in (("led_on", 'http.get(url, headers={"X-Key": secret("SHOP_TOKEN")})'), ("led_on_too", BEARER)):
        sidecar.put(name, skill(name, call, shop.host, other.host))
        for host in (shop.host, other.host):
            sidecar.client.grant_secret(name, "SHOP_TOKEN", host)
        assert sidecar.run(name, url).run.state == "succeeded"
        assert b"GET /landed" in other.received[-1]
        assert VALUE.encode() not in other.received[-1]

    other.received.clear()
    sidecar.put(
        "led_body", skill("led_body", 'http.post(url, json={"key": secret("SHOP_TOKEN")})', shop.host, other.host)
    )
    sidecar.client.grant_secret("led_body", "SHOP_TOKEN", shop.host)
    assert "with a secret in its body. Use the final url." in str(sidecar.run("led_body", url).output)
    assert other.received == []


def test_a_grant_is_for_one_skill_and_one_host_until_it_is_revoked(
    sidecar: LiveSidecar, shop: Echo, other: Echo
) -> None:
    sidecar.client.set_secret("SHOP_TOKEN", VALUE)
    for name in ("granted", "not_granted"):
        sidecar.put(name, skill(name, BEARER, shop.host, other.host))
    sidecar.client.grant_secret("granted", "SHOP_TOKEN", shop.host)
    assert "nobody has allowed it yet" in str(sidecar.run("not_granted", f"http://{shop.host}/").output)
    assert "nobody has allowed it yet" in str(sidecar.run("granted", f"http://{other.host}/").output)
    assert "[secret SHOP_TOKEN]" in str(sidecar.run("granted", f"http://{shop.host}/").output)

    sidecar.client.revoke_secret("granted", "SHOP_TOKEN")
    assert "nobody has allowed it yet" in str(sidecar.run("granted", f"http://{shop.host}/").output)
    with pytest.raises(Refused, match="was not allowed to send"):
        sidecar.client.revoke_secret("granted", "SHOP_TOKEN")


def test_only_what_the_skill_declares_can_be_granted(sidecar: LiveSidecar, shop: Echo) -> None:
    sidecar.put("declares", skill("declares", BEARER, shop.host))
    with pytest.raises(Refused, match="does not declare the secret OTHER: it declares SHOP_TOKEN"):
        sidecar.client.grant_secret("declares", "OTHER", shop.host)
    with pytest.raises(Refused, match="does not declare the host example"):
        sidecar.client.grant_secret("declares", "SHOP_TOKEN", "example.com")


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("SHORT", "1234567", "8 is the least"),
        ("LINES", "first line\nsecond line", "A secret is one line"),
        ("LONG", "x" * 4097, "4,096 is the most"),
        ("lower", VALUE, "no name of a secret"),
        ("../ESCAPE", VALUE, "no name of a secret"),
    ],
)
def test_what_can_be_no_secret_is_refused_with_the_reason(
    sidecar: LiveSidecar, name: str, value: str, why: str
) -> None:
    with pytest.raises(Refused, match=why):
        sidecar.client.set_secret(name, value)
    assert name not in [secret.name for secret in sidecar.client.secrets()]


def test_one_whose_file_others_can_read_is_not_sent(sidecar: LiveSidecar, shop: Echo) -> None:
    sidecar.client.set_secret("SHOP_TOKEN", VALUE)
    sidecar.put("exposed", skill("exposed", BEARER, shop.host))
    sidecar.client.grant_secret("exposed", "SHOP_TOKEN", shop.host)
    file = sidecar.workspace / ".tend/secrets/SHOP_TOKEN"
    assert file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o640)
    assert f"Type: chmod 600 {file}" in str(sidecar.run("exposed", f"http://{shop.host}/").output)
    file.chmod(0o600)


def test_the_next_request_has_the_new_value_and_none_once_it_is_deleted(sidecar: LiveSidecar, shop: Echo) -> None:
    sidecar.put("renewed", skill("renewed", BEARER, shop.host))
    sidecar.client.grant_secret("renewed", "SHOP_TOKEN", shop.host)
    for value in (VALUE, "another-value"):
        sidecar.client.set_secret("SHOP_TOKEN", value)
        sidecar.run("renewed", f"http://{shop.host}/")
        assert f"Bearer {value}".encode() in shop.received[-1]
    assert not sidecar.client.remove_secret("SHOP_TOKEN").is_set
    assert "has no value on this host" in str(sidecar.run("renewed", f"http://{shop.host}/").output)
