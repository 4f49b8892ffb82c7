"""HTTP from inside a step. The gateway makes the call, and refuses hosts that the skill did not declare."""

from __future__ import annotations

import base64
import json as jsonlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self, TypeAlias
from urllib.parse import urlencode

from pydantic import BaseModel

from skills.errors import BadStatus
from skills.open_step import open_step
from skills.values import Jsonable, encode_untyped
from skills.wire import Json

Method: TypeAlias = Literal["GET", "POST", "PUT", "DELETE", "HEAD"]
Params: TypeAlias = Mapping[str, str | int | float | bool]

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


def get(url: str, *, headers: Mapping[str, str] | None = None, params: Params | None = None) -> Reply:
    """GET `url`. Any status is a reply; no answer at all raises `EffectFailed`. The same holds for all below."""
    return _send("GET", url, headers, params, None, None)


def head(url: str, *, headers: Mapping[str, str] | None = None, params: Params | None = None) -> Reply:
    """HEAD `url`."""
    return _send("HEAD", url, headers, params, None, None)


def post(
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    params: Params | None = None,
    json: Jsonable = None,
    content: str | bytes | None = None,
) -> Reply:
    """POST `json` (a model or JSON value), or `content` as it is."""
    return _send("POST", url, headers, params, json, content)


def put(
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    params: Params | None = None,
    json: Jsonable = None,
    content: str | bytes | None = None,
) -> Reply:
    """PUT `json` (a model or JSON value), or `content` as it is."""
    return _send("PUT", url, headers, params, json, content)


def delete(url: str, *, headers: Mapping[str, str] | None = None, params: Params | None = None) -> Reply:
    """DELETE `url`."""
    return _send("DELETE", url, headers, params, None, None)


def _send(
    method: Method,
    url: str,
    headers: Mapping[str, str] | None,
    params: Params | None,
    json: Jsonable,
    content: str | bytes | None,
) -> Reply:
    step = open_step(f"http.{method.lower()}")
    if json is not None and content is not None:
        raise ValueError(f"http.{method.lower()}: json= and content= were both given; keep one")
    sent = {name.lower(): value for name, value in (headers or {}).items()}
    if json is not None:
        sent.setdefault("content-type", "application/json")
        content = jsonlib.dumps(encode_untyped(json, f"json of {method} {url}"))
    body = content.encode() if isinstance(content, str) else content or b""
    target = _with_params(url, params)
    request: dict[str, Json] = {
        "method": method,
        "url": target,
        "headers": dict(sent),
        "content_base64": base64.b64encode(body).decode(),
    }
    answer = _WireReply.model_validate(step.effect("http", request, f"{method} {target}"))
    return Reply(
        status=answer.status,
        headers={name.lower(): value for name, value in answer.headers.items()},
        content=base64.b64decode(answer.content_base64),
        url=answer.url,
    )


def _with_params(url: str, params: Params | None) -> str:
    if not params:
        return url
    address, mark, fragment = url.partition("#")
    joint = "&" if "?" in address else "?"
    return f"{address}{joint}{urlencode(params)}{mark}{fragment}"
