"""Calls to the model. The only module that imports anthropic: import it in the gateway process, and nowhere else.

A call is a series of tries. A try counts only if its whole reply arrived; anything else is either worth another
try (TryFailed) or told to the caller at once (EffectFailed).
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, cast

import httpx2
from anthropic import APIConnectionError, APIStatusError, AsyncAnthropic, omit

from sidecar.gateway.capabilities import capabilities_of
from sidecar.gateway.complete import CUT_BY_LENGTH, Block, Incomplete, mended, with_whole_inputs
from sidecar.gateway.errors import EffectFailed, ModelRejected, ModelReplyCut
from sidecar.gateway.patience import retry_after
from sidecar.gateway.persist import TryFailed, persist
from sidecar.gateway.prices import Tokens, cost_usd, estimated_usd
from sidecar.gateway.requests import ModelRequest
from sidecar.gateway.settings import GatewaySettings
from skills.wire import Json

if TYPE_CHECKING:
    from anthropic.lib.streaming import AsyncMessageStream
    from anthropic.types import Message, MessageParam, TextBlockParam, ToolParam

Tell = Callable[[Json], None]

ANTHROPIC = "https://api.anthropic.com"
CONNECT = 10.0  # seconds
EXCERPT = 500  # characters of what a server said that an error message quotes

# What may be gone next time: these statuses, each 5xx, and these errors inside a stream that began with 200.
PASSING_STATUSES = (408, 409, 429)
PASSING_TYPES = ("api_error", "overloaded_error", "rate_limit_error", "timeout_error")

# No request has left.
NEVER_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError)

# These models put what they say between tool calls into thinking blocks, which are empty unless asked for.
THINK_BETWEEN_TOOLS = ("claude-opus-5-5", "claude-sonnet-5-5")


class ModelCaller:
    """Calls the model that the settings name for a purpose. Safe to share between tasks."""

    def __init__(self, settings: GatewaySettings) -> None:
        self._settings = settings
        self._server = settings.base_url or ANTHROPIC
        self._capabilities = capabilities_of(settings.base_url)
        self._client = AsyncAnthropic(
            # A server of one's own may want no key; without any, the SDK would look for one on this machine.
            api_key=settings.api_key or "none",
            base_url=self._server,
            max_retries=0,  # the SDK obeys any Retry-After, uncapped and unseen
            timeout=httpx2.Timeout(settings.patience.idle, connect=CONNECT),
        )

    async def reply(
        self, request: ModelRequest, tell: Tell, pay_again: Callable[[], Awaitable[None]]
    ) -> dict[str, Json]:
        """The model's whole reply, in as many tries as the settings' patience allows."""
        started = time.monotonic()
        reply, tries = await persist(lambda: self._try(request, tell), self._settings.patience, tell, pay_again)
        return reply | {"tries": tries, "seconds": round(time.monotonic() - started, 3)}

    async def _try(self, request: ModelRequest, tell: Tell) -> dict[str, Json]:
        async with self._explained(request), self._stream(request) as stream:
            message, written = await _read(stream, tell)
        reply = self._as_reply(message)
        try:
            return reply | {"content": cast("list[Json]", _whole_content(message, written, request))}
        except ModelReplyCut as cut:
            cut.spent = reply
            raise

    def _stream(self, request: ModelRequest) -> Any:
        model = self._settings.models[request.purpose]
        # Who is offered tools asks again with the same messages and more, for which the cache keeps these.
        grows = self._capabilities.prompt_caching and request.tools
        think = self._capabilities.shown_thinking and model.startswith(THINK_BETWEEN_TOOLS)
        return self._client.messages.stream(
            model=model,
            max_tokens=request.max_tokens,
            system=self._system(request) if request.system else omit,
            messages=cast("list[MessageParam]", request.messages),
            tools=cast("list[ToolParam]", request.tools) if request.tools else omit,
            cache_control={"type": "ephemeral"} if grows else omit,
            thinking={"type": "adaptive", "display": "summarized"} if think else omit,
        )

    def _system(self, request: ModelRequest) -> str | list[TextBlockParam]:
        """What stays the same ends at a breakpoint: the cache keeps the tools, which stand before it, and that."""
        if isinstance(request.system, str):
            return request.system
        if not self._capabilities.prompt_caching:
            return "\n\n".join(request.system)
        blocks: list[TextBlockParam] = [{"type": "text", "text": part} for part in request.system]
        for block in blocks[-2:-1]:
            block["cache_control"] = {"type": "ephemeral"}
        return blocks

    @asynccontextmanager
    async def _explained(self, request: ModelRequest) -> AsyncIterator[None]:
        """All that the SDK and the connection can raise, as TryFailed or as an error that says what to do."""
        try:
            yield
        except APIStatusError as error:
            raise self._refusal(request, error) from error
        # The SDK wraps what happens to a connection before the stream, and lets through what happens inside it.
        except (APIConnectionError, httpx2.HTTPError) as error:
            raise self._broken(error.__cause__ if isinstance(error, APIConnectionError) else error) from error
        except (ValueError, TypeError, LookupError, AttributeError, RuntimeError, AssertionError) as error:
            # A stream that breaks the protocol makes the SDK stumble in any of these ways.
            raise TryFailed(f"{self._server} sent a stream that can't be read: {error!r}"[:EXCERPT]) from error

    def _broken(self, error: BaseException | None) -> TryFailed:
        match error:
            case httpx2.ConnectTimeout():
                reason = f"no connection to {self._server} within {CONNECT:g} s"
            case httpx2.TimeoutException():
                reason = f"{self._server} sent nothing for {self._settings.patience.idle:g} s"
            case _:
                reason = f"the connection to {self._server} failed: {_innermost(error)}"
        return TryFailed(reason, unbilled=isinstance(error, NEVER_SENT))

    def _refusal(self, request: ModelRequest, error: APIStatusError) -> TryFailed | EffectFailed:
        status = error.status_code
        name = error.type if status < 400 else status  # an error inside a stream has no status of its own
        said = f"{name}: {error.api_message or error.message}"[:EXCERPT]
        if status in PASSING_STATUSES or status >= 500 or error.type in PASSING_TYPES:
            after = retry_after(error.response.headers)
            return TryFailed(f"{self._server} answered {said}", retry_after=after, unbilled=_is_free(status))
        model = self._settings.models[request.purpose]
        advice = {
            401: "It did not accept the key. Set TEND_ANTHROPIC_API_KEY (or ANTHROPIC_API_KEY) to one of that server.",
            402: "The account can't pay for the call. Mend that with the server's owner.",
            403: f"The key may not do this. Set TEND_ANTHROPIC_API_KEY to one that may use {model!r}.",
            404: f"Perhaps it has no model {model!r}: set TEND_MODEL_{request.purpose.upper()} to one that it has, "
            "or TEND_BASE_URL to another server.",
        }.get(status, "The same request will fail again: change it.")
        return ModelRejected(f"{self._server} answered {said}. {advice}", unbilled=_is_free(status))

    def _as_reply(self, message: Message) -> dict[str, Json]:
        """All but its content."""
        tokens = Tokens(
            input_tokens=message.usage.input_tokens,
            output_tokens=message.usage.output_tokens,
            cache_read_input_tokens=message.usage.cache_read_input_tokens or 0,
            cache_creation_input_tokens=message.usage.cache_creation_input_tokens or 0,
        )
        cost = cost_usd(message.model, tokens)
        reply: dict[str, Json] = {
            "stop_reason": message.stop_reason,
            "model": message.model,
            "usage": asdict(tokens),
            "cost_usd": cost,
        }
        if cost is None:
            reply["estimated_usd"] = estimated_usd(tokens, self._settings.fallback_price)
        return reply


def _is_free(status: int) -> bool:
    """Every call is a stream, which its server begins with 200 before the model computes. The others may be told by
    something in between, which has lost its patience with a model that computes."""
    return (400 <= status < 500 and status != 408) or status in (500, 503, 529)


async def _read(stream: AsyncMessageStream[None], tell: Tell) -> tuple[Message, dict[int, str]]:
    """The message, once its last event has come, and the JSON that was written for each tool's input, by block."""
    written: dict[int, str] = {}
    async for event in stream:
        if event.type == "text":
            tell({"type": "text", "text": mended(event.text)})
        elif event.type == "content_block_start" and event.content_block.type == "tool_use":
            tell({"type": "tool", "name": mended(event.content_block.name)})
        elif event.type == "content_block_delta" and event.delta.type == "input_json_delta":
            written[event.index] = written.get(event.index, "") + event.delta.partial_json
        elif event.type == "message_stop":
            if event.message.stop_reason is None:
                raise TryFailed("the reply ended without a reason to stop")
            return event.message, written
    raise TryFailed("the stream was cut before the reply's end")


def _whole_content(message: Message, written: dict[int, str], request: ModelRequest) -> list[Block]:
    content: list[Block] = [mended(block.to_dict(mode="python")) for block in message.content]
    if message.stop_reason == "refusal":  # it may stop in the middle of a tool's input, and no tool is to run
        return [block for block in content if block["type"] == "text"]
    try:
        return with_whole_inputs(content, written, request.tools)
    except Incomplete as error:
        if message.stop_reason in CUT_BY_LENGTH:
            raise ModelReplyCut(
                f"The reply stopped at {request.max_tokens} tokens ({message.stop_reason}), where {error}. "
                "Raise max_tokens, or ask for less at once."
            ) from error
        raise TryFailed(str(error)) from error


def _innermost(error: BaseException | None) -> str:
    """What lies under the client's own words."""
    while error is not None and error.__cause__ is not None:
        error = error.__cause__
    return f"{type(error).__name__} {error}".strip()
