"""Trying again, within limits, and on the record."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TypeVar

from sidecar.gateway.errors import ModelUnavailable
from sidecar.gateway.patience import Patience
from skills.wire import Json

T = TypeVar("T")


class TryFailed(Exception):
    """One try failed in a way that the next may not. `retry_after`: the seconds that the server asked for. `unbilled`:
    it was turned away before anything was computed."""

    def __init__(self, reason: str, *, retry_after: float | None = None, unbilled: bool = False) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
        self.unbilled = unbilled


async def persist(
    attempt: Callable[[], Awaitable[T]],
    patience: Patience,
    tell: Callable[[Json], None],
    pay_again: Callable[[], Awaitable[None]],
) -> tuple[T, list[Json]]:
    """What `attempt` returns, and the tries that failed before. `pay_again` is awaited after each that may have been
    billed. Raises ModelUnavailable when patience is used up."""
    tries: list[Json] = []
    deadline = time.monotonic() + patience.total
    while True:
        try:
            async with asyncio.timeout(deadline - time.monotonic()):
                return await attempt(), tries
        except TryFailed as failed:
            failure = failed
        except TimeoutError:
            failure = TryFailed(f"no whole reply within {patience.total:g} s")
        wait = patience.wait(len(tries) + 1, failure.retry_after)
        ended = len(tries) + 1 >= patience.attempts or time.monotonic() + wait >= deadline
        tries.append(
            {"at": datetime.now(UTC).isoformat(), "error": str(failure), "wait": 0.0 if ended else round(wait, 3)}
        )
        if ended:
            raise ModelUnavailable(_story(tries), unbilled=failure.unbilled) from failure
        tell({"type": "retry", "error": str(failure), "wait": round(wait, 3)})
        await asyncio.sleep(wait)
        if not failure.unbilled:
            began = time.monotonic()
            await pay_again()
            deadline += time.monotonic() - began  # no time of the model's


def _story(tries: list[Json]) -> str:
    reasons = dict.fromkeys(str(one["error"]) for one in tries if isinstance(one, dict))
    return f"The model gave no whole reply in {len(tries)} tries: {'; '.join(reasons)}. Try again later."
