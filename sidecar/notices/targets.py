"""Where notices go beside the terminal and the pages: `[targets.NAME]` in `tend.toml`.

    [targets.ops]
    kind = "slack"
    channel = "#ops"

What is secret stands here by name only; its value is set with `tend secret set NAME`, or in the environment as `TEND_`
and that name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
LOOPBACK = ("127.0.0.1", "::1", "localhost")
NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
ALERTS = "alerts"  # in place of a target's name: all those that the setting `alerts` lists


def _seconds(value: object) -> object:
    """`"90s"`, `"10m"`, `"1h"`, `"1d"`, or a number of seconds."""
    if not isinstance(value, str):
        return value
    found = re.fullmatch(r"(\d+)([smhd])", value)
    if found is None:
        raise ValueError('a length of time is wanted, like "90s", "10m" or "1h"')
    return float(found[1]) * _SECONDS[found[2]]


def _safe_address(url: str) -> str:
    parts = urlsplit(url)
    if "@" in parts.netloc:
        raise ValueError("no user name or password may stand in it")
    if parts.hostname and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)):
        return url
    raise ValueError("https:// is wanted; http:// is for this machine alone")


Seconds: TypeAlias = Annotated[float, BeforeValidator(_seconds), Field(ge=0, le=14 * 86400)]
SafeAddress: TypeAlias = Annotated[str, AfterValidator(_safe_address)]
SecretName: TypeAlias = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")]


class _Target(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    digest: Seconds = 0.0  # what comes within this time of the first is sent as one message
    cool_down: Seconds = 0.0  # the same of the same skill within this time is counted, and not sent


class SlackTarget(_Target):
    kind: Literal["slack"] = "slack"
    channel: str = Field(min_length=1)  # "#ops", or its id: "C0123456789"
    token: SecretName = "SLACK_TOKEN"  # noqa: S105 # its name; a bot's, with chat:write; channels:history lets a lost reply be looked up
    base_url: SafeAddress = "https://slack.com/api/"

    def __str__(self) -> str:
        return f"slack {self.channel}"

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self.token,)


class WebhookTarget(_Target):
    """Signed as Standard Webhooks has it: https://www.standardwebhooks.com."""

    kind: Literal["webhook"] = "webhook"
    url: SafeAddress
    secret: SecretName = "WEBHOOK_SECRET"  # noqa: S105 # its name; whsec_ and base64

    def __str__(self) -> str:
        return f"webhook {urlsplit(self.url).netloc}"

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self.secret,)


class MailTarget(_Target):
    kind: Literal["email"] = "email"
    to: str = Field(pattern=r"^[^\s@<>,]+@[^\s@<>,]+$")
    sender: str = Field(alias="from", pattern=r"^[^\s@<>,]+@[^\s@<>,]+$")
    host: str = Field(min_length=1)
    port: int = Field(default=587, gt=0, lt=65536)
    security: Literal["starttls", "tls", "none"] = "starttls"  # none: on this machine alone
    user: str = ""  # who logs in; nobody
    password: SecretName = "SMTP_PASSWORD"  # noqa: S105 # its name

    def __str__(self) -> str:
        return f"email {self.to}"

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self.password,) if self.user else ()

    def model_post_init(self, _context: Any, /) -> None:
        if self.security == "none" and self.host not in LOOPBACK:
            raise ValueError('security = "none" is for a server on this machine; "starttls" or "tls" is wanted')


Target: TypeAlias = Annotated[SlackTarget | WebhookTarget | MailTarget, Field(discriminator="kind")]

_TARGETS: TypeAdapter[dict[str, Target]] = TypeAdapter(dict[str, Target])


def parse_targets(value: object) -> Mapping[str, Target]:
    """Raises ValueError with what is wrong in it."""
    try:
        targets = _TARGETS.validate_python(value)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise ValueError(wrong) from error
    for name in targets:
        if not NAME.fullmatch(name) or name == ALERTS:
            raise ValueError(f"{name!r} can't be a target's name: small letters, digits, - and _ are, but for 'alerts'")
    return targets


def secrets_of(targets: Mapping[str, Target], environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The values that the environment has, by the secret's name."""
    names = {secret for target in targets.values() for secret in target.secrets}
    return {name: environment[f"TEND_{name}"] for name in sorted(names) if environment.get(f"TEND_{name}")}
