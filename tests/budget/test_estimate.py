"""The estimate is what a call costs at most: by the scripted model's own count, and by what a token is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.demo.turns import Turn, events
from sidecar.budget.accounts import MILLION, millionths
from sidecar.budget.estimate import at_most
from sidecar.client import Settings
from sidecar.gateway.prices import Tokens, cost_usd, estimated_usd

MODEL = "claude-haiku-5-5"
ANTHROPICS = Settings(workspace=Path(), model_ask=MODEL)
ANOTHERS = Settings(workspace=Path(), model_ask=MODEL, base_url="http://127.0.0.1:1", fallback_price=7)


def request(text: str, max_tokens: int = 100) -> dict[str, Any]:
    messages = [{"role": "user", "content": text}]
    return {"purpose": "ask", "system": "Answer.", "messages": messages, "tools": [], "max_tokens": max_tokens}


@pytest.mark.parametrize("text", ["a" * 5_000, "雪" * 5_000, "🂡" * 5_000, '"\\' * 5_000, ""])
def test_a_server_that_counts_otherwise_costs_no_more(text: str) -> None:
    asked = request(text)
    whole = list(events(Turn(text="b" * 400), 1, asked))
    tokens = Tokens(whole[0]["message"]["usage"]["input_tokens"], whole[-2]["usage"]["output_tokens"], 0, 0)
    assert tokens.output_tokens == asked["max_tokens"]
    assert millionths(estimated_usd(tokens, 7)) <= at_most(asked, ANOTHERS)


@pytest.mark.parametrize("text", ["a" * 10, "a" * 300_000, "雪" * 100_000])
def test_one_token_for_each_byte_read_or_cached_costs_no_more(text: str) -> None:
    asked = request(text, max_tokens=4_000)
    read = len(text.encode())
    for tokens in (Tokens(read, 4_000, 0, 0), Tokens(0, 4_000, read, 0), Tokens(0, 4_000, 0, read)):
        cost = cost_usd(MODEL, tokens)
        assert cost is not None
        assert millionths(cost) <= at_most(asked, ANTHROPICS)


def test_a_model_of_unknown_price_is_never_free() -> None:
    unknown = Settings(workspace=Path(), model_ask="somebody-elses", fallback_price=20)
    assert at_most(request("a" * 1_000), unknown) > 1_100 * 20


def test_another_server_may_answer_by_another_model() -> None:
    """Who asks it for a cheap one may get one that is priced by the fallback."""
    assert at_most(request(""), ANOTHERS) >= 100 * 7 > at_most(request(""), ANTHROPICS) / MILLION


def test_sums_of_money_are_whole_numbers() -> None:
    assert [millionths(usd) for usd in (1.1, 0.29, 0.1 + 0.2, 1e-7, 0.0)] == [1_100_000, 290_000, 300_001, 1, 0]
