"""HTTP effects, through the real gateway process to a real web server."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from sidecar.gateway import (
    AddressRefused,
    ConnectFailed,
    Gateway,
    GatewaySettings,
    HostNotDeclared,
    ReplyBroken,
    RequestInvalid,
    Timeout,
    TooLarge,
)
from sidecar.gateway.fetch import _at
from skills.wire import Json
from tests.gateway.web_server import WebServer, web_server


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    gateway = Gateway(GatewaySettings())
    yield gateway
    gateway.close()


def get(gateway: Gateway, url: str, hosts: list[str], **more: Json) -> dict[str, Any]:
    return gateway.effect("http", {"method": "GET", "url": url, "hosts": [*hosts], **more})


def content(reply: dict[str, Any]) -> bytes:
    return base64.b64decode(reply["content_base64"])


def test_a_request_arrives_as_it_was_made_and_the_reply_comes_back(gateway: Gateway, web: WebServer) -> None:
    reply: dict[str, Any] = gateway.effect(
        "http",
        {
            "method": "POST",
            "url": f"{web.url}/echo?day=today",
            "headers": {"x-asked-by": "a test"},
            "content_base64": base64.b64encode(b"two words").decode(),
            "hosts": [web.host],
        },
    )

    assert (reply["status"], reply["url"], reply["tries"]) == (200, f"{web.url}/echo?day=today", [])
    assert reply["headers"]["content-type"] == "text/plain"
    assert reply["elapsed"] >= 0
    arrived = json.loads(content(reply))
    assert (arrived["method"], arrived["body"]) == ("POST", "two words")
    assert arrived["headers"]["x-asked-by"] == "a test"
    assert arrived["headers"]["host"] == web.host


@pytest.mark.parametrize("status", [204, 404, 500])
def test_any_status_is_a_reply(gateway: Gateway, web: WebServer, status: int) -> None:
    assert get(gateway, f"{web.url}/status/{status}", [web.host])["status"] == status


def test_localhost_can_be_declared_and_is_what_the_server_is_told(gateway: Gateway, web: WebServer) -> None:
    host = f"localhost:{web.server_port}"

    reply = get(gateway, f"http://{host}/echo", [host])

    assert json.loads(content(reply))["headers"]["host"] == host


def test_a_host_that_is_not_declared_is_refused_with_the_line_to_write(gateway: Gateway, web: WebServer) -> None:
    with pytest.raises(HostNotDeclared) as caught:
        get(gateway, f"{web.url}/echo", ["api.example.com"])

    assert f'hosts=["api.example.com", "{web.host}"]' in caught.value.message
    assert not caught.value.retryable
    assert web.seen == []


def test_a_host_without_a_port_means_the_default_ports_only(gateway: Gateway, web: WebServer) -> None:
    with pytest.raises(HostNotDeclared, match="means the ports 80 and 443 only"):
        get(gateway, f"{web.url}/echo", ["127.0.0.1"])


def test_a_redirect_is_followed_to_a_declared_host(gateway: Gateway, web: WebServer) -> None:
    with web_server() as other:
        reply = get(gateway, f"{web.url}/redirect/{other.url}/status/201", [web.host, other.host])

    assert (reply["status"], reply["url"]) == (201, f"{other.url}/status/201")


def test_a_redirect_to_another_host_is_refused_before_it_connects(gateway: Gateway, web: WebServer) -> None:
    with web_server() as other:
        with pytest.raises(HostNotDeclared, match=other.host):
            get(gateway, f"{web.url}/redirect/{other.url}/echo", [web.host])

        assert other.seen == []


def test_redirects_come_to_an_end(gateway: Gateway, web: WebServer) -> None:
    with pytest.raises(RequestInvalid, match="redirected more than 10 times"):
        get(gateway, f"{web.url}/loop", [web.host])


@pytest.mark.parametrize("name", ["2130706433", "127.1", "0x7f000001"])
def test_a_name_that_stands_for_a_private_address_is_refused(gateway: Gateway, web: WebServer, name: str) -> None:
    """These are no addresses by their looks, and the resolver takes each for 127.0.0.1."""
    host = f"{name}:{web.server_port}"

    with pytest.raises(AddressRefused, match=r"127\.0\.0\.1, which is not a public address") as caught:
        get(gateway, f"http://{host}/echo", [host])

    assert f'hosts=["{web.host}"]' in caught.value.message
    assert web.seen == []


def test_a_reply_larger_than_the_limit_is_refused(gateway: Gateway, web: WebServer) -> None:
    with pytest.raises(TooLarge, match="more than 10,485,760 bytes"):
        get(gateway, f"{web.url}/large/64", [web.host])


def test_a_reply_up_to_the_limit_is_delivered(gateway: Gateway, web: WebServer) -> None:
    assert len(content(get(gateway, f"{web.url}/large/10", [web.host]))) == 10 * 1024 * 1024


@pytest.mark.parametrize("page", ["hold", "drip"])
def test_the_time_bounds_the_whole_exchange(gateway: Gateway, web: WebServer, page: str) -> None:
    with pytest.raises(Timeout, match=r"no whole reply within 0\.3 s") as caught:
        get(gateway, f"{web.url}/{page}", [web.host], timeout=0.3)

    assert caught.value.retryable


def test_a_reply_that_breaks_off_is_no_reply(gateway: Gateway, web: WebServer) -> None:
    with pytest.raises(ReplyBroken) as caught:
        get(gateway, f"{web.url}/short", [web.host])

    assert caught.value.retryable


def test_nobody_there_is_told_as_such(gateway: Gateway) -> None:
    with web_server() as gone:
        host = gone.host

    with pytest.raises(ConnectFailed, match="no connection could be made") as caught:
        get(gateway, f"http://{host}/", [host])

    assert caught.value.retryable


@pytest.mark.parametrize(
    ("url", "headers"),
    [
        ("ftp://{host}/file", {}),
        ("/no/host", {}),
        ("http://user:secret@{host}/", {}),
        ("http://{host}/", {"Host": "elsewhere.example"}),
        ("http://{host}/", {"x-split": "a\r\nb: c"}),
    ],
)
def test_what_is_no_request_is_not_sent(gateway: Gateway, web: WebServer, url: str, headers: dict[str, Json]) -> None:
    with pytest.raises(RequestInvalid) as caught:
        get(gateway, url.format(host=web.host), [web.host], headers=headers)

    assert "secret" not in caught.value.message
    assert web.seen == []


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700:4700::1111"])
def test_the_checked_address_is_connected_to_and_the_certificate_is_still_the_hosts(address: str) -> None:
    sent = _at(address, httpx2.Request("GET", "https://api.example.com:8443/today"))

    assert (sent.url.host, sent.url.port, sent.url.path) == (address, 8443, "/today")
    assert sent.headers["host"] == "api.example.com:8443"
    assert sent.extensions["sni_hostname"] == "api.example.com"
