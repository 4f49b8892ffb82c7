"""Puts secrets into a request, just before it is sent: each only where a person has granted it."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from urllib.parse import quote

import httpx2

from sidecar.gateway.errors import RequestInvalid, SecretNotDeclared, SecretNotGranted
from sidecar.gateway.hosts import covers_url, written_host
from sidecar.gateway.requests import HttpRequest, Text, secrets_in, shown
from sidecar.gateway.vault import Vault
from skills.wire import Base64Part, Part, SecretPart


@dataclass(frozen=True)
class Filled:
    """A request that can be sent. What has secrets in it goes to the url's own origin, and to no other."""

    url: str
    headers: dict[str, str]
    content: bytes
    secret_headers: frozenset[str]
    secret_content: bool


def fill(request: HttpRequest, vault: Vault) -> Filled:
    """Raises SecretNotDeclared, SecretNotGranted, SecretNotSet or RequestInvalid."""
    texts: list[Text] = [request.url, *request.headers.values(), request.content]
    for name in dict.fromkeys(part.secret for text in texts for part in secrets_in(text)):
        _require_granted(name, request)
    url = _filled(request.url, vault)
    if origin(httpx2.URL(url)) != origin(httpx2.URL(shown(request.url))):
        raise RequestInvalid(f"{request} has a secret in its host. Put it into params=, headers= or the body.")
    return Filled(
        url=url,
        headers={name: _filled(text, vault) for name, text in request.headers.items()},
        content=_filled(request.content, vault).encode() or request.content_base64,
        secret_headers=frozenset(name.lower() for name, text in request.headers.items() if any(secrets_in(text))),
        secret_content=any(secrets_in(request.content)),
    )


def origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _require_granted(name: str, request: HttpRequest) -> None:
    if name not in request.grants:
        raise SecretNotDeclared(f'The secret {name} is not declared. Write in @skill(...): secrets=["{name}"]')
    url = httpx2.URL(shown(request.url))
    if not any(covers_url(host, url) for host in request.grants[name]):
        host = written_host(url)
        raise SecretNotGranted(
            f"{request.skill} may not send the secret {name} to {host}: nobody has allowed it yet. "
            f"Type: tend secret grant {request.skill} {name} {host}"
        )


def _filled(text: Text, vault: Vault) -> str:
    return text if isinstance(text, str) else "".join(_written(part, vault) for part in text)


def _written(part: Part, vault: Vault) -> str:
    match part:
        case str():
            return part
        case Base64Part():
            return base64.b64encode(_filled(part.base64, vault).encode()).decode()
        case SecretPart(escaped_for="url"):
            return quote(vault.value(part.secret), safe="")
        case SecretPart(escaped_for="json"):
            return json.dumps(vault.value(part.secret))[1:-1]
        case _:
            return vault.value(part.secret)
