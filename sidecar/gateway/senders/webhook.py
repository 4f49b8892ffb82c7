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

from sidecar.gateway.errors import ConnectFailed, EffectFailed, GatewayDied, ReplyBroken, Timeout, TooLarge
from sidecar.gateway.fetch import Fetcher
from sidecar.gateway.requests import HttpRequest, NoticeRequest
from sidecar.gateway.senders.outcome import Outcome, seconds_asked_for
from sidecar.notices.targets import WebhookTarget

WITHIN = 20.0  # seconds
PREFIX = "whsec_"
LATER = (408, 425, 429)


async def post(fetcher: Fetcher, target: WebhookTarget, secret: str, request: NoticeRequest) -> Outcome:
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
        hosts=(urlsplit(target.url).netloc,),
        timeout=WITHIN,
    )
    try:
        return _answered(target, await fetcher.fetch(wanted))
    except ConnectFailed as failed:
        return Outcome(state="later", why=failed.message)
    except (Timeout, ReplyBroken, TooLarge, GatewayDied) as failed:
        return Outcome(state="lost", why=failed.message)
    except EffectFailed as failed:
        return Outcome(state="refused", why=failed.message)


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


def _answered(target: WebhookTarget, reply: dict[str, Any]) -> Outcome:
    status = int(reply["status"])
    if reply["redirected"]:
        return Outcome(state="refused", why=f"it was sent on to {reply['url']}. Name that address in the settings")
    if 200 <= status < 300:
        return Outcome(state="sent")
    why = f"{urlsplit(target.url).netloc} answered {status}"
    if status in LATER or status >= 500:
        return Outcome(state="later", why=why, retry_after=seconds_asked_for(reply["headers"].get("retry-after")))
    return Outcome(state="refused", why=why)
