"""One HTTP effect: secrets filled in, bounded in time and size, each hop checked against the declared hosts before it
connects, and secrets taken out of the reply."""

from __future__ import annotations

import asyncio
import base64
import ssl
import time

import httpx2

from sidecar.gateway.errors import ConnectFailed, EffectFailed, ReplyBroken, RequestInvalid, Timeout, TooLarge
from sidecar.gateway.fill import Filled, fill, origin
from sidecar.gateway.hosts import admit
from sidecar.gateway.redact import Redactor
from sidecar.gateway.requests import HttpRequest
from sidecar.gateway.vault import Vault
from skills.wire import Json

MAX_CONTENT = 10 * 1024 * 1024  # bytes of a reply, unpacked
MAX_REDIRECTS = 10
CONNECT = 10.0  # seconds for one address to take the connection
USER_AGENT = "tend"

# What described the content on its way, and is wrong once it is unpacked.
ON_THE_WAY = {"content-encoding", "content-length", "transfer-encoding"}


class Fetcher:
    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._trust: ssl.SSLContext | None = None

    async def fetch(self, request: HttpRequest, *, of_settings: bool = False) -> dict[str, Json]:
        """Perform the request and return its reply, whatever the status. `of_settings`: a person has written the url
        for Tend itself. It may stand for a machine in their own network, and it is the only one that is asked."""
        started = time.monotonic()
        try:
            async with asyncio.timeout(request.timeout):
                reply = await self._exchange(request, of_settings=of_settings)
        except (TimeoutError, httpx2.TimeoutException) as error:
            raise Timeout(f"{request} had no whole reply within {request.timeout:g} s.") from error
        except EffectFailed:
            raise
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise _failure(request, error) from error
        return reply | {"elapsed": round(time.monotonic() - started, 3), "tries": []}

    async def _exchange(self, request: HttpRequest, *, of_settings: bool) -> dict[str, Json]:
        if "host" in {name.lower() for name in request.headers}:
            raise RequestInvalid(f"{request} sets the header 'host'; leave it out, the url's host is sent.")
        # One client per effect, without kept connections: a connection belongs to one checked name, but is
        # kept by address, and nothing (cookies, connections) may go over from one skill to another.
        filled = fill(request, self._vault)
        transport = CheckedTransport(request, filled, self._trusted(), of_settings=of_settings)
        async with (
            httpx2.AsyncClient(
                transport=transport,
                timeout=httpx2.Timeout(request.timeout, connect=CONNECT),
                follow_redirects=not of_settings,
                max_redirects=MAX_REDIRECTS,
                headers={"user-agent": USER_AGENT},
            ) as client,
            client.stream(
                request.method, filled.url, headers=filled.headers, content=filled.content or None
            ) as response,
        ):
            content = await _content(request, response)
            # In a thread: a large reply takes a while, in which other effects go on.
            return await asyncio.to_thread(_reply, response, content, self._vault.redactor())

    def _trusted(self) -> ssl.SSLContext:
        if self._trust is None:
            self._trust = httpx2.create_ssl_context()
        return self._trust


class CheckedTransport(httpx2.AsyncHTTPTransport):
    """Admits each hop, redirects included, and connects to the very address that was checked: the name is not
    resolved a second time, when it might stand for something else. Secrets go to the first hop's origin alone."""

    def __init__(self, wanted: HttpRequest, filled: Filled, trust: ssl.SSLContext, *, of_settings: bool) -> None:
        super().__init__(verify=trust, trust_env=False, limits=httpx2.Limits(max_keepalive_connections=0))
        self._wanted = wanted
        self._filled = filled
        self._of_settings = of_settings
        self._origin = origin(httpx2.URL(filled.url))

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        addresses = await admit(
            request.url, self._wanted.hosts, credentials=self._wanted.credentials, private=self._of_settings
        )
        if origin(request.url) != self._origin:
            self._drop_secrets(request)
        for address in addresses:
            try:
                return await super().handle_async_request(_at(address, request))
            except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
                last = error
        raise last

    def _drop_secrets(self, request: httpx2.Request) -> None:
        """A redirect leads elsewhere. A body is sent there only where the server says so (307, 308)."""
        for name in self._filled.secret_headers:
            request.headers.pop(name, None)
        if self._filled.secret_content and request.headers.get("content-length", "0") != "0":
            raise RequestInvalid(
                f"{request.method} was redirected to {request.url.host} with a secret in its body. Use the final url."
            )


def _reply(response: httpx2.Response, content: bytes, redactor: Redactor) -> dict[str, Json]:
    headers = {name: value for name, value in response.headers.items() if name not in ON_THE_WAY}
    return {
        "status": response.status_code,
        "headers": redactor.json(headers),
        "content_base64": base64.b64encode(redactor.clean(content)).decode(),
        "url": redactor.text(str(response.url)),
        "redirected": bool(response.history),
    }


def _at(address: str, request: httpx2.Request) -> httpx2.Request:
    """The same request, sent to `address`; the certificate is still checked against the url's host."""
    return httpx2.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,  # `host` is among them
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": request.url.raw_host.decode()},
    )


async def _content(request: HttpRequest, response: httpx2.Response) -> bytes:
    content = bytearray()
    async for chunk in response.aiter_bytes():
        content += chunk
        if len(content) > MAX_CONTENT:
            raise TooLarge(
                f"{request} answered with more than {MAX_CONTENT:,} bytes, the most that a step may receive. "
                "Ask for less: a page, a range, a narrower query."
            )
    return bytes(content)


def _failure(request: HttpRequest, error: Exception) -> EffectFailed:
    match error:
        case httpx2.ConnectError():
            return ConnectFailed(f"{request}: no connection could be made ({error}).")
        case httpx2.TooManyRedirects():
            return RequestInvalid(f"{request} was redirected more than {MAX_REDIRECTS} times. Use the final url.")
        case httpx2.InvalidURL() | httpx2.UnsupportedProtocol() | httpx2.LocalProtocolError():
            return RequestInvalid(f"{request} can't be sent: {error}.")
        case _:
            return ReplyBroken(f"{request}: the reply broke off or could not be decoded ({error or repr(error)}).")
