"""Looking at the world before a skill is written for it: one GET, through the gateway like any skill's."""

from __future__ import annotations

import base64
import re
from typing import Any
from urllib.parse import urlsplit

from pydantic import JsonValue

from sidecar.caller import Caller, CommandRefused
from sidecar.client import views
from sidecar.commands.table import command
from sidecar.gateway import EffectFailed, Gateway, HostNotDeclared

TEXT = 2_000  # characters that are shown
WITHIN = 20.0  # seconds
IS_TEXT = re.compile(r"text/|[/+](json|xml|javascript|yaml|x-yaml|csv|x-ndjson)\b", re.IGNORECASE)


class LookCommands:
    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    @command("world.look", agent=True)
    def look(self, caller: Caller, url: str) -> views.Look:  # noqa: ARG002 # every command is given its caller
        """What a GET of the url brings, as a skill that had declared its host would get it: no cookies, no
        credentials, no name that stands for a private address, and no address where machines keep credentials."""
        request: dict[str, JsonValue] = {"method": "GET", "url": url, "hosts": [_host(url)], "timeout": WITHIN}
        request["credentials"] = False
        try:
            reply: dict[str, Any] = self._gateway.effect("http", request)
        except HostNotDeclared as error:
            where = str(error).partition(" is not declared")[0]
            raise CommandRefused("redirected", f"{url} leads on to {where}. Look there.") from error
        except EffectFailed as error:
            raise CommandRefused(error.type, str(error)) from error
        content = base64.b64decode(reply["content_base64"])
        kind = str(reply["headers"].get("content-type", ""))
        text = _text(content, kind)
        return views.Look(
            url=reply["url"], status=reply["status"], content_type=kind, length=len(content), text=text[:TEXT]
        )


def _host(url: str) -> str:
    """The url's host, as a skill would declare it."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port is not None else ""
    except ValueError as error:
        raise CommandRefused("usage", f"{url!r} is no url: {error}") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise CommandRefused("usage", f"{url!r} is no url that can be looked at: http:// or https:// and a host")
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{name}{port}"


def _text(content: bytes, kind: str) -> str:
    """The content as a skill's `reply.text` has it; nothing of what is no text."""
    if not IS_TEXT.search(kind) and b"\0" in content:
        return ""
    declared = re.search(r"charset=[\"']?([\w.:-]+)", kind, re.IGNORECASE)
    try:
        return content.decode(declared[1] if declared else "utf-8", "replace")
    except LookupError:
        return content.decode("utf-8", "replace")
