"""Where the pages are served, under which names, and what that takes.

On this machine alone nothing more is needed. Where others can reach them: TLS, and a password.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path

from harness.web.password import Password
from sidecar.client import Settings

USUAL_PORT = {"http": 80, "https": 443}  # a browser leaves it out


class NotServed(Exception):
    """The pages may not be served like that; the message says what to do."""


@dataclass(frozen=True)
class Place:
    address: str  # that is listened on
    port: int
    names: tuple[str, ...]  # the first stands in links
    certificate: Path | None = None
    key: Path | None = None

    @property
    def scheme(self) -> str:
        return "https" if self.certificate else "http"

    @property
    def hosts(self) -> frozenset[str]:
        """What a browser may call us, in its header Host."""
        usual = self.port == USUAL_PORT[self.scheme]
        return frozenset(f"{name}:{self.port}" for name in self.names) | frozenset(self.names if usual else ())

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.names[0]}:{self.port}"


def place_of(settings: Settings) -> Place:
    """Raises NotServed."""
    certificate, key = _file(settings.web_cert, "web_cert"), _file(settings.web_key, "web_key")
    if (certificate is None) != (key is None):
        raise NotServed("web_cert and web_key go together: a certificate, and its private key, as PEM files.")
    return Place(settings.web_host, settings.web_port, _names(settings), certificate, key)


def require_safe(settings: Settings) -> Place:
    """The place, if what others can reach is protected. Raises NotServed."""
    place = place_of(settings)
    if is_here(place.address):
        return place
    reached = f"web_host is {place.address}, which other machines can reach"
    if place.certificate is None or place.key is None:
        raise NotServed(f"{reached}. That takes TLS: set web_cert and web_key, or leave web_host out.")
    if place.key.stat().st_mode & 0o077:
        raise NotServed(f"others can read {place.key}. Type: chmod 600 {place.key}")
    if not Password(settings.store).is_set:
        raise NotServed(f"{reached}. That takes a password: tend web password")
    return place


def is_here(address: str) -> bool:
    """Whether no other machine can reach it."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


def _names(settings: Settings) -> tuple[str, ...]:
    own = (settings.web_name,) if settings.web_name else ()
    if is_here(settings.web_host):
        return tuple(dict.fromkeys((_in_url(settings.web_host), "127.0.0.1", "localhost")))
    if own:
        return own
    if settings.web_host in ("0.0.0.0", "::"):  # noqa: S104 # it is compared, not listened on
        told = "other machines know this one by some name: set web_name, as it stands in the certificate"
        raise NotServed(f"web_host is {settings.web_host}; {told}.")
    return (_in_url(settings.web_host),)


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _file(name: str | None, setting: str) -> Path | None:
    if name is None:
        return None
    path = Path(name).expanduser()
    if not path.is_file():
        raise NotServed(f"{setting}: there is no file {path}")
    return path
