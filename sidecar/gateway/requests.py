"""What can be asked of the gateway."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, TypeAlias

from pydantic import Base64Bytes, Field, ValidationError

from sidecar.gateway.errors import RequestInvalid
from skills.wire import Base64Part, Json, Message, Part, SecretPart

Kind: TypeAlias = Literal["http", "model", "notice", "redact"]
Text: TypeAlias = str | tuple[Part, ...]  # with secrets to be filled in


class HttpRequest(Message):
    """One HTTP request of a step. `hosts` is what its skill declared, `grants` to which of them it may send which
    secret; `timeout` bounds the whole exchange. The body is `content_base64`, or `content` where secrets are in it.
    Without `credentials` it reaches no address that is known for giving out a machine's own: no person has read it."""

    kind: Literal["http"] = "http"
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
    url: Text = Field(max_length=8192)
    headers: Mapping[str, Text] = Field(default_factory=dict)
    content_base64: Base64Bytes = b""
    content: tuple[Part, ...] = ()
    skill: str = ""
    hosts: tuple[str, ...]
    grants: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    credentials: bool = True
    timeout: float = Field(default=30.0, gt=0, le=600)  # seconds

    def __str__(self) -> str:
        return f"{self.method} {shown(self.url)}"

    @property
    def repeatable(self) -> bool:
        """Whether doing it twice is the same as doing it once, so that a lost reply may simply be asked for again."""
        return self.method in ("GET", "HEAD")


class ModelRequest(Message):
    """One call to the model, in the shapes of the Messages protocol. The purpose decides which model. A system prompt
    in parts has what stays the same from turn to turn in all but the last, for a cache to keep."""

    kind: Literal["model"] = "model"
    purpose: Literal["write", "review", "ask"]
    system: str | list[str] = ""
    messages: list[dict[str, Any]] = Field(min_length=1)
    tools: list[dict[str, Any]] = Field(default_factory=list)
    max_tokens: int = Field(gt=0)

    def __str__(self) -> str:
        return f"the model call for {self.purpose!r}"

    @property
    def repeatable(self) -> bool:
        return True  # it changes nothing but the bill


class NoticeItem(Message):
    """One notice of a message."""

    skill: str
    run: str
    kind: str
    text: str
    at: float


class NoticeRequest(Message):
    """One message to a target of the settings, or the question whether it has come there. `message` is its id, the same
    at each try."""

    kind: Literal["notice"] = "notice"
    action: Literal["send", "look_up"]
    target: str
    channel: str | None = None  # of a Slack target, in place of its own
    message: str
    title: str
    text: str
    items: tuple[NoticeItem, ...] = ()
    since: float = 0.0  # when the first try was begun

    def __str__(self) -> str:
        return f"the notice for {self.target!r}"

    @property
    def repeatable(self) -> bool:
        return self.action == "look_up"


class RedactRequest(Message):
    """What a person has given, before it is stored."""

    kind: Literal["redact"] = "redact"
    value: Json

    def __str__(self) -> str:
        return "looking for secrets"

    @property
    def repeatable(self) -> bool:
        return True


Request: TypeAlias = HttpRequest | ModelRequest | NoticeRequest | RedactRequest

_KINDS: dict[Kind, type[Request]] = {
    "http": HttpRequest,
    "model": ModelRequest,
    "notice": NoticeRequest,
    "redact": RedactRequest,
}


def secrets_in(text: Text) -> Iterator[SecretPart]:
    for part in () if isinstance(text, str) else text:
        if isinstance(part, SecretPart):
            yield part
        elif isinstance(part, Base64Part):
            yield from secrets_in(part.base64)


def shown(text: Text) -> str:
    """With names in the place of values."""
    if isinstance(text, str):
        return text
    return "".join(part if isinstance(part, str) else "".join(map(_mark, secrets_in((part,)))) for part in text)


def _mark(part: SecretPart) -> str:
    return f"[secret {part.secret}]"


def parse(kind: Kind, request: Json) -> Request:
    """The request as a type. Raises RequestInvalid with what is wrong in it."""
    try:
        return _KINDS[kind].model_validate(request)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise RequestInvalid(f"This is not a request of kind {kind!r}: {faults}.") from error
