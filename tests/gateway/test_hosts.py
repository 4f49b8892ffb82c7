"""Which hosts a declaration covers, and which addresses count as public."""

from __future__ import annotations

import asyncio
import ipaddress

import httpx2
import pytest

from sidecar.gateway import HostNotDeclared
from sidecar.gateway.hosts import _is_public, _require_declared, admit


@pytest.mark.parametrize(
    ("declared", "host", "port"),
    [
        ("api.example.com", "api.example.com", 443),
        ("api.example.com", "api.example.com", 80),
        ("API.example.com.", "api.example.com", 443),
        ("api.example.com:8443", "api.example.com", 8443),
        ("bücher.example", "xn--bcher-kva.example", 443),
        ("[::1]:9000", "::1", 9000),
    ],
)
def test_what_a_declaration_covers(declared: str, host: str, port: int) -> None:
    _require_declared(host, port, (declared,))


@pytest.mark.parametrize(
    ("declared", "host", "port"),
    [
        ("api.example.com", "api.example.com", 8443),
        ("api.example.com:8443", "api.example.com", 443),
        ("api.example.com", "example.com", 443),
        ("example.com", "api.example.com", 443),
        ("*.example.com", "api.example.com", 443),
        ("", "api.example.com", 443),
        ("api.example.com:port", "api.example.com", 443),
    ],
)
def test_what_it_does_not(declared: str, host: str, port: int) -> None:
    with pytest.raises(HostNotDeclared):
        _require_declared(host, port, (declared,))


@pytest.mark.parametrize(
    ("declared", "host", "port", "corrected"),
    [
        ((), "api.example.com", 443, '["api.example.com"]'),
        (("api.example.com",), "shop.example.com", 443, '["api.example.com", "shop.example.com"]'),
        (("127.0.0.1", "api.example.com"), "127.0.0.1", 8899, '["127.0.0.1:8899", "api.example.com"]'),
        (("http://127.0.0.1:8899/",), "127.0.0.1", 8899, '["127.0.0.1:8899"]'),
        (("localhost:1", "localhost:2"), "localhost", 3, '["localhost:1", "localhost:2", "localhost:3"]'),
    ],
)
def test_what_is_refused_is_told_with_the_corrected_list(
    declared: tuple[str, ...], host: str, port: int, corrected: str
) -> None:
    with pytest.raises(HostNotDeclared) as refused:
        _require_declared(host, port, declared)
    assert f"Write in its @skill(...): hosts={corrected}." in str(refused.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080/", "http://[::1]:8080/"])
def test_a_declared_address_is_connected_to_as_it_is(url: str) -> None:
    parsed = httpx2.URL(url)

    assert asyncio.run(admit(parsed, ("127.0.0.1:8080", "[::1]:8080"))) == [parsed.host]


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700:4700::1111", "64:ff9b::101:101"])
def test_public_addresses(address: str) -> None:
    assert _is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104 - an address to refuse, nothing binds to it
        "224.0.0.1",
        "::1",
        "::",
        "fe80::1",
        "fd00::1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "2002:a00:1::",
    ],
)
def test_addresses_that_no_name_may_stand_for(address: str) -> None:
    assert not _is_public(ipaddress.ip_address(address))
