"""HTTP from inside a step. The gateway makes the call, and refuses hosts that the skill did not declare."""

from __future__ import annotations

import base64
import json as jsonlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self, TypeAlias, TypedDict, Unpack
from urllib.parse import urlencode

from pydantic import BaseModel

from skills.errors import BadStatus
from skills.open_step import open_step
from skills.secrets import Basic, Placeholders, Secret, shown
from skills.values import Jsonable, encode_untyped
from skills.wire import Json

Method: TypeAlias = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
Value: TypeAlias = str | Secret
Url: TypeAlias = str | Sequence[Value]  # or its pieces: ["https://api.example.com/bot", secret("X"), "/send"]
Field: TypeAlias = str | int | float | bool | Secret
Fields: TypeAlias = Mapping[str, Field]


class Options(TypedDict, total=False):
    """What any request may have."""

    headers: Mapping[str, Value]
    params: Fields  # joined to the url
    bearer: Value  # a token for the header authorization
    auth: Basic  # basic(user, password)


class BodyOptions(Options, total=False):
    """What a request with a body may have besides: one of these."""

    json: Jsonable  # a model or JSON value
    data: Fields  # as a form
    content: str | bytes  # as it is


EXCERPT = 200  # characters of a body that an error quotes


@dataclass(frozen=True)
class Reply:
    """A server's answer. The names of `headers` are in lower case; `url` is where redirects ended."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    url: str

    @property
    def text(self) -> str:
        """The content by the charset of its content-type (else UTF-8); what does not decode becomes U+FFFD."""
        declared = re.search(r"charset=[\"']?([\w.:-]+)", self.headers.get("content-type", ""), re.IGNORECASE)
        try:
            return self.content.decode(declared[1] if declared else "utf-8", "replace")
        except LookupError:  # a charset that Python has never heard of
            return self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        """The content parsed; for a typed value use `Model.model_validate_json(reply.content)`."""
        return jsonlib.loads(self.content)

    def raise_for_status(self) -> Self:
        """The reply itself, or `BadStatus` unless its status is 2xx."""
        if not 200 <= self.status < 300:
            raise BadStatus(self.status, self.url, self.text[:EXCERPT])
        return self


class _WireReply(BaseModel):
    status: int
    headers: dict[str, str]
    content_base64: str
    url: str


def basic(user: Value, password: Value) -> Basic:
    """For `auth=`. Either may be a secret."""
    return Basic(user, password)


def get(url: Url, **options: Unpack[Options]) -> Reply:
    """GET `url`. Any status is a reply; no answer at all raises `EffectFailed`. The same holds for all below."""
    return _send("GET", url, options)


def head(url: Url, **options: Unpack[Options]) -> Reply:
    """HEAD `url`."""
    return _send("HEAD", url, options)


def post(url: Url, **options: Unpack[BodyOptions]) -> Reply:
    """POST to `url`. What is tried again carries the same header `idempotency-key`, unless you set your own; so do
    all below."""
    return _send("POST", url, options, options)


def put(url: Url, **options: Unpack[BodyOptions]) -> Reply:
    """PUT to `url`."""
    return _send("PUT", url, options, options)


def patch(url: Url, **options: Unpack[BodyOptions]) -> Reply:
    """PATCH `url`."""
    return _send("PATCH", url, options, options)


def delete(url: Url, **options: Unpack[Options]) -> Reply:
    """DELETE `url`."""
    return _send("DELETE", url, options)


def _send(method: Method, address: Url, options: Options, body: BodyOptions | None = None) -> Reply:
    step = open_step(f"http.{method.lower()}")
    places = Placeholders()
    url = address if isinstance(address, str) else "".join(_in_url(piece, places) for piece in address)
    told = f"{method} {shown(places.parts(url))}"
    headers = _headers(options, places)
    content = _body(method, told, body or {}, headers, places)
    target = places.parts(_with_params(url, options.get("params"), places))
    request: dict[str, Json] = {"method": method, "url": target, "headers": headers, **content}
    answer = _WireReply.model_validate(step.effect("http", request, told))
    return Reply(
        status=answer.status,
        headers={name.lower(): value for name, value in answer.headers.items()},
        content=base64.b64decode(answer.content_base64),
        url=answer.url,
    )


def _headers(options: Options, places: Placeholders) -> dict[str, Json]:
    headers: dict[str, Json] = {}
    for name, value in options.get("headers", {}).items():
        headers[name.lower()] = places.parts(_text(value, places))
    if "bearer" in options:
        headers["authorization"] = places.parts(f"Bearer {_text(options['bearer'], places)}")
    if "auth" in options:
        headers["authorization"] = places.parts(f"Basic {places.place_part(options['auth'].part)}")
    return headers


def _body(
    method: Method, told: str, options: BodyOptions, headers: dict[str, Json], places: Placeholders
) -> dict[str, Json]:
    """The request's fields for it. Its type is set among the headers, where the author has not."""
    given = [name for name in ("json", "data", "content") if name in options]
    if len(given) > 1:
        raise ValueError(f"http.{method.lower()}: {'= and '.join(given)}= were both given; keep one")
    content = options.get("content", b"")
    if "json" in options:
        headers.setdefault("content-type", "application/json")
        encoded = encode_untyped(places.in_json(options["json"]), f"json of {told}")
        content = jsonlib.dumps(encoded)
    elif "data" in options:
        headers.setdefault("content-type", "application/x-www-form-urlencoded")
        content = _urlencoded(options["data"], places)
    parts = places.parts(content) if isinstance(content, str) else content
    if isinstance(parts, list):
        return {"content": parts}
    plain = content.encode() if isinstance(content, str) else content
    return {"content_base64": base64.b64encode(plain).decode()}


def _in_url(piece: Value, places: Placeholders) -> str:
    return places.place(piece, "url") if isinstance(piece, Secret) else piece


def _text(value: Value, places: Placeholders) -> str:
    return places.place(value, "nothing") if isinstance(value, Secret) else value


def _urlencoded(fields: Fields, places: Placeholders) -> str:
    return urlencode({name: _field(value, places) for name, value in fields.items()})


def _field(value: Field, places: Placeholders) -> str:
    """As a server reads it: a yes is `true`, as in JSON."""
    if isinstance(value, Secret):
        return _in_url(value, places)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _with_params(url: str, params: Fields | None, places: Placeholders) -> str:
    if not params:
        return url
    address, mark, fragment = url.partition("#")
    joint = "&" if "?" in address else "?"
    return f"{address}{joint}{_urlencoded(params, places)}{mark}{fragment}"
