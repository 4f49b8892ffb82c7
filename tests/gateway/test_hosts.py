"""Which hosts a declaration covers, and which addresses count as public."""

from __future__ import annotations

import asyncio
import ipaddress

import httpx2
import pytest

from sidecar.gateway import AddressRefused, EffectFailed, HostNotDeclared, hosts
from sidecar.gateway.hosts import _is_public, _require_declared, admit, covers_url, written_host


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


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example.com@evil.example/",
        "http://api.example.com:80@evil.example/",
        "http://evil.example\\@api.example.com/",
        "http://api.example.com\\@evil.example/",
        "http://evil.example#@api.example.com/",
        "http://evil.example?@api.example.com/",
        "http://api.example.com.evil.example/",
        "http://evil.example/api.example.com",
        "http://api.example.com%2eevil.example/",
        "http://api.example.com%00.evil.example/",
        "http://api.example.com\t.evil.example/",
        "http://api\u3002example\u3002com.evil.example/",
        "http:///api.example.com",
        "//api.example.com/",
        "javascript://api.example.com/",
        "https://\uff41pi.example.com/",
    ],
)
def test_no_way_of_writing_a_url_makes_another_host_pass_for_a_declared_one(url: str) -> None:
    with pytest.raises((EffectFailed, httpx2.InvalidURL)):
        asyncio.run(admit(httpx2.URL(url), ("api.example.com",)))


@pytest.mark.parametrize(
    "url",
    ["http://2130706433/", "http://0x7f.1/", "http://0177.0.0.1/", "http://[::ffff:127.0.0.1]/", "http://[::1%25lo]/"],
)
def test_an_address_is_declared_as_it_is_written(url: str) -> None:
    with pytest.raises((EffectFailed, httpx2.InvalidURL)):
        asyncio.run(admit(httpx2.URL(url), ("127.0.0.1", "[::1]")))


@pytest.mark.parametrize(
    "url",
    [
        "http://API.EXAMPLE.COM./x",
        "http://api.example.com:80/",
        "https://api.example.com:443",
    ],
)
def test_the_same_host_written_otherwise_is_the_same_host(url: str) -> None:
    assert covers_url("api.example.com", httpx2.URL(url))


def test_one_private_address_among_public_ones_is_enough_to_refuse_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a name server answers that wants the second try to go inside."""

    async def answers(host: str, port: int) -> list[str]:
        return ["1.1.1.1", "169.254.169.254"]

    monkeypatch.setattr(hosts, "_resolve", answers)
    with pytest.raises(AddressRefused, match=r"stands for 169\.254\.169\.254"):
        asyncio.run(admit(httpx2.URL("http://api.example.com/"), ("api.example.com",)))


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "169.254.169.254.",
        "169\u3002254\u3002169\u3002254",
        "[::ffff:169.254.169.254]",
        "[::ffff:a9fe:a9fe]",
        "[::a9fe:a9fe]",
        "[64:ff9b::a9fe:a9fe]",
        "[64:ff9b:1::a9fe:a9fe]",
        "[2002:a9fe:a9fe::]",
        "[fe80::1]",
        "[fe80::1%25lo]",
        "[fd00:ec2::254]",
        "100.100.100.200",
    ],
)
def test_where_machines_keep_credentials_only_a_skill_gets_that_declares_it(host: str) -> None:
    url = httpx2.URL(f"http://{host}/latest/")
    declared = written_host(url)
    assert asyncio.run(admit(url, (declared,))) == [declared.strip("[]")]
    with pytest.raises(AddressRefused, match="machines keep credentials there"):
        asyncio.run(admit(url, (declared,), credentials=False))


def test_other_addresses_need_no_declaration_to_be_looked_at() -> None:
    for host in ("127.0.0.1", "[::1]", "10.0.0.5", "[::ffff:127.0.0.1]"):
        url = httpx2.URL(f"http://{host}/")
        assert asyncio.run(admit(url, (host,), credentials=False)) == [host.strip("[]")]


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
        "64:ff9b:1::a00:1",
        "::a00:1",
        "2002:a00:1::",
    ],
)
def test_addresses_that_no_name_may_stand_for(address: str) -> None:
    assert not _is_public(ipaddress.ip_address(address))
