"""What a model call costs, from the price list that genai-prices brings along: no network."""

from __future__ import annotations

from dataclasses import dataclass

from genai_prices import Usage, calc_price


@dataclass(frozen=True)
class Tokens:
    """Usage as the Messages protocol counts it: the four do not overlap."""

    input_tokens: int
    output_tokens: int
    cache_read_input_tokens: int
    cache_creation_input_tokens: int


def cost_usd(model: str, tokens: Tokens) -> float | None:
    """What the call costs; None where the list does not know the model."""
    usage = Usage(
        # genai-prices wants the whole input here, and takes the cached parts out again.
        input_tokens=tokens.input_tokens + tokens.cache_read_input_tokens + tokens.cache_creation_input_tokens,
        cache_read_tokens=tokens.cache_read_input_tokens,
        cache_write_tokens=tokens.cache_creation_input_tokens,
        output_tokens=tokens.output_tokens,
    )
    try:
        return float(calc_price(usage, model, provider_id="anthropic").total_price)
    except LookupError:
        return None


def estimated_usd(tokens: Tokens, price_per_million: float) -> float:
    """What a call of unknown price counts as: never 0, or a cap would not hold."""
    total = (
        tokens.input_tokens + tokens.output_tokens + tokens.cache_read_input_tokens + tokens.cache_creation_input_tokens
    )
    return total * price_per_million / 1_000_000
