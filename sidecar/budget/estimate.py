"""What one try of a model call costs at most."""

from __future__ import annotations

import json
from typing import Any

from sidecar.budget.accounts import millionths
from sidecar.client.settings import Settings

AROUND = 2_000  # tokens that a server puts around a request: its words for tools, the marks between messages


def at_most(request: dict[str, Any], settings: Settings) -> int:
    """In millionths of a USD. A token stands for one byte at least, so the request has no more tokens than bytes; all
    of it may be written to the cache, which costs more than reading; and the answer may take all that it is given."""
    from sidecar.gateway.prices import Tokens, cost_usd, estimated_usd  # its price list takes half a second to import

    read = [request.get(part) for part in ("system", "messages", "tools")]
    tokens_in = len(json.dumps(read, ensure_ascii=False).encode()) + AROUND
    tokens_out = int(request["max_tokens"])
    ways = [Tokens(tokens_in, tokens_out, 0, 0), Tokens(0, tokens_out, 0, tokens_in)]
    model = {"write": settings.model_write, "review": settings.model_review}.get(request["purpose"], settings.model_ask)
    prices = [cost_usd(model, way) for way in ways]
    known = [price for price in prices if price is not None]
    # Another server may answer by a model of another name than it was asked for.
    fallback = [estimated_usd(ways[0], settings.fallback_price)] if settings.base_url or not known else []
    return millionths(max(known + fallback))
