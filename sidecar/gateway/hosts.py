"""Where a step may connect: only to hosts that its skill declared, and not into the private network by a name.

`hosts=["api.example.com"]` means that host on the default ports, 80 and 443; any other port is written out:
`"api.example.com:8443"`. `localhost` and addresses (`"127.0.0.1:9000"`, `"[::1]:9000"`) are taken literally. Any other
name must stand for public addresses, so that whoever rules a name server can't point a declared name at this machine.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import socket
from urllib.parse import urlsplit

import httpx2

from sidecar.gateway.errors import AddressRefused, ConnectFailed, HostNotDeclared, RequestInvalid

DEFAULT_PORTS = {"http": 80, "https": 443}
# IPv6 addresses that lead to the IPv4 address in their last 32 bits: NAT64's, a network's own NAT64's, an old form.
ENDS_IN_IPV4 = tuple(map(ipaddress.ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "::/96")))
# Of metadata services, beside the link-local ones: those of Amazon, Google, Alibaba and Oracle.
METADATA = tuple(map(ipaddress.ip_address, ("fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "192.0.0.192")))

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


async def admit(
    url: httpx2.URL, hosts: tuple[str, ...], *, credentials: bool = True, private: bool = False
) -> list[str]:
    """The addresses that a request for `url` may connect to, best first; without `credentials`, none that is known for
    giving out a machine's own; a name stands for a private one only where that is allowed."""
    if url.scheme not in DEFAULT_PORTS or not url.host:
        raise RequestInvalid(f"{str(url)!r} is not a url that a step can ask for: http:// or https:// and a host.")
    if url.userinfo:
        raise RequestInvalid(f"The url for {url.host} has a user name or password in it; put them into headers=.")
    host, port = _place(url)
    _require_declared(host, port, hosts)
    if _is_literal(host):
        if not credentials and host != "localhost" and _gives_credentials(ipaddress.ip_address(host)):
            raise AddressRefused(
                f"{host} is not looked at: machines keep credentials there; only a skill that declares it gets there"
            )
        return [host] if host != "localhost" else await _resolve(host, port)
    addresses = await _resolve(host, port)
    for address in addresses:
        if not private and not _is_public(ipaddress.ip_address(address)):
            raise AddressRefused(
                f"{host} stands for {address}, which is not a public address. If that machine is meant, declare the "
                f"address itself, hosts=[{json.dumps(_written(address, port))}], and use it in the url."
            )
    return addresses


def covers_url(declared: str, url: httpx2.URL) -> bool:
    """Whether a request for `url` goes to this declared host."""
    return url.scheme in DEFAULT_PORTS and _covers(declared, *_place(url))


def written_host(url: httpx2.URL) -> str:
    """The url's host as it is declared."""
    return _written(*_place(url)) if url.scheme in DEFAULT_PORTS else url.host


def _place(url: httpx2.URL) -> tuple[str, int]:
    return _plain(url.raw_host.decode()), url.port or DEFAULT_PORTS[url.scheme]


def _require_declared(host: str, port: int, hosts: tuple[str, ...]) -> None:
    if any(_covers(declared, host, port) for declared in hosts):
        return
    wanted = _written(host, port)
    said = f"hosts={json.dumps(list(hosts))}" if hosts else "no hosts"
    ports = "" if port in DEFAULT_PORTS.values() else " A host without a port means the ports 80 and 443 only."
    raise HostNotDeclared(
        f"{wanted} is not declared: this skill has {said}. Write in its @skill(...): "
        f"hosts={json.dumps(_corrected(hosts, host, wanted))}.{ports}"
    )


def _corrected(hosts: tuple[str, ...], host: str, wanted: str) -> list[str]:
    """The declared hosts with the wanted one: in the place of what named it without its port, or as an address."""
    corrected: list[str] = []
    for declared in hosts:
        name, port = _name_and_port(declared)
        was_meant = name == host and (port is None or "/" in declared)
        corrected.append(wanted if was_meant else declared)
    return list(dict.fromkeys([*corrected, wanted]))


def _covers(declared: str, host: str, port: int) -> bool:
    if "/" in declared:
        return False  # an address is no host: it declares nothing
    name, declared_port = _name_and_port(declared)
    ports = DEFAULT_PORTS.values() if declared_port is None else (declared_port,)
    return bool(name) and name == host and port in ports


def _name_and_port(declared: str) -> tuple[str, int | None]:
    """Also of what is no declaration, `http://127.0.0.1:8899/`, and of nothing at all: ""."""
    try:
        parts = urlsplit(declared if "//" in declared else f"//{declared}")
        return _plain(httpx2.URL(scheme="http", host=parts.hostname or "").raw_host.decode()), parts.port
    except (ValueError, httpx2.InvalidURL):
        return "", None


def _plain(host: str) -> str:
    return host.lower().rstrip(".").strip("[]")


def _written(host: str, port: int) -> str:
    name = f"[{host}]" if ":" in host else host
    return name if port in DEFAULT_PORTS.values() else f"{name}:{port}"


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost"
    return True


def _is_public(address: IPAddress) -> bool:
    meant = _meant(address)
    return meant.is_global and not meant.is_multicast


def _gives_credentials(address: IPAddress) -> bool:
    meant = _meant(address)
    return meant.is_link_local or meant in METADATA


def _meant(address: IPAddress) -> IPAddress:
    """The IPv4 address that an IPv6 address leads to, where it leads to one."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if any(address in network for network in ENDS_IN_IPV4):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


async def _resolve(host: str, port: int) -> list[str]:
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ConnectFailed(f"The name {host!r} could not be resolved: {error}. Is it spelt right?") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))
