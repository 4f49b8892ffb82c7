"""A message as one POST, signed as Standard Webhooks has it.

The message's id stands in the header `webhook-id`, the same at each try: a receiver that keeps to the standard takes
it once, however often it comes.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from sidecar.gateway.errors import ConnectFailed, EffectFailed, ReplyBroken, Timeout, TooLarge
from sidecar.gateway.fetch import Fetcher
from sidecar.gateway.requests import HttpRequest, NoticeRequest
from sidecar.gateway.senders.outcome import Outcome, seconds_asked_for
from sidecar.notices.targets import WebhookTarget

WITHIN = 20.0  # seconds
PREFIX = "whsec_"
LATER = (408, 425, 429)


async def post(fetcher: Fetcher, target: WebhookTarget, secret: str, request: NoticeRequest) -> Outcome:
    """The url may be a secret as a whole: what is told of it names the host alone."""
    host = urlsplit(target.url).netloc
    content = json.dumps(_payload(request), ensure_ascii=False).encode()
    try:
        headers = signed(secret, request.message, int(time.time()), content)
    except ValueError:
        return Outcome(state="later", why=f"the secret {target.secret} is no {PREFIX} and base64. Set it right")
    wanted = HttpRequest(
        method="POST",
        url=target.url,
        headers=headers | {"content-type": "application/json"},
        content_base64=base64.b64encode(content),
        hosts=(host,),
        timeout=WITHIN,
    )
    try:
        return _answered(host, await fetcher.fetch(wanted, of_settings=True))
    except ConnectFailed as failed:
        return Outcome(state="later", why=f"no connection to {host}: {failed.__cause__}")
    except Timeout:
        return Outcome(state="lost", why=f"{host} gave no whole reply within {WITHIN:g} s")
    except ReplyBroken:
        return Outcome(state="lost", why=f"the reply of {host} broke off, or could not be decoded")
    except TooLarge:
        return Outcome(state="lost", why=f"{host} answered with more than can be received")
    except EffectFailed as failed:
        return Outcome(state="refused", why=f"nothing can be sent to {host} ({failed.type}). Look at its url")


def signed(secret: str, message: str, at: int, content: bytes) -> dict[str, str]:
    """The headers that say who sent it, when, and as what."""
    key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    mac = hmac.digest(key, f"{message}.{at}.".encode() + content, hashlib.sha256)
    signature = f"v1,{base64.b64encode(mac).decode()}"
    return {"webhook-id": message, "webhook-timestamp": str(at), "webhook-signature": signature}


def _payload(request: NoticeRequest) -> dict[str, Any]:
    notices = [
        item.model_dump(exclude={"at"}) | {"at": datetime.fromtimestamp(item.at, UTC).isoformat()}
        for item in request.items
    ]
    data = {"title": request.title, "text": request.text, "notices": notices}
    return {"type": "tend.notice", "timestamp": datetime.now(UTC).isoformat(), "data": data}


def _answered(host: str, reply: dict[str, Any]) -> Outcome:
    status = int(reply["status"])
    if 200 <= status < 300:
        return Outcome(state="sent")
    why = f"{host} answered {status}"
    if 300 <= status < 400:
        return Outcome(state="refused", why=f"{why}, and sends it on. Name the final address in the settings")
    if status in LATER or status >= 500:
        return Outcome(state="later", why=why, retry_after=seconds_asked_for(reply["headers"].get("retry-after")))
    return Outcome(state="refused", why=why)
