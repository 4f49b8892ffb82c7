"""A webhook's headers, by the standard's own library."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from standardwebhooks.webhooks import Webhook


def signed(key: str, body: str, *, id_: str = "msg_1", at: float | None = None) -> dict[str, str]:
    """At a time in seconds since 1970; left out, now."""
    when = int(time.time() if at is None else at)
    signature = Webhook(key).sign(id_, datetime.fromtimestamp(when, UTC), body)
    return {"webhook-id": id_, "webhook-timestamp": str(when), "webhook-signature": signature}
