"""A scripted model whose part is set by each test."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

from harness.demo.scripted_model import Request, ScriptedModel, Turn


class TalkingModel:
    """`play` says what follows on a person's words, turn by turn: the first reply, the one after its tools' results,
    and so on. What it says depends on the request alone, so a request that is made again gets the same reply."""

    def __init__(self) -> None:
        self._parts: dict[str, tuple[Turn, ...]] = {}
        self.server = ScriptedModel(self._reply)

    def __enter__(self) -> Self:
        self.server.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.__exit__(kind, error, trace)

    @property
    def base_url(self) -> str:
        return self.server.base_url

    def play(self, words: str, *turns: Turn) -> None:
        """On a message that contains `words`."""
        self._parts[words] = turns

    def requests(self, words: str) -> list[Request]:
        """What the model was asked on behalf of the message that contains `words`."""
        return [request for request in self.server.requests if words in _last_words(request)[0]]

    def results(self, words: str) -> list[str]:
        """What the tools answered, as the model read it."""
        asked = self.requests(words)
        blocks = [block for message in asked[-1]["messages"] for block in _blocks(message)] if asked else []
        return [str(block["content"]) for block in blocks if block.get("type") == "tool_result"]

    def _reply(self, request: Request) -> Turn:
        said, progress = _last_words(request)
        found = [turns for words, turns in self._parts.items() if words in said]
        if not found:
            raise LookupError(f"no part for {said[:200]!r}")
        return found[-1][progress]


def _last_words(request: Request) -> tuple[str, int]:
    """What the person said last, and how many replies there were since."""
    messages = request["messages"]
    spoken = [place for place, message in enumerate(messages) if _is_spoken(message)]
    last = spoken[-1]
    replies = sum(message["role"] == "assistant" for message in messages[last:])
    return _text(messages[last]), replies


def _is_spoken(message: dict[str, Any]) -> bool:
    return message["role"] == "user" and not any(block.get("type") == "tool_result" for block in _blocks(message))


def _text(message: dict[str, Any]) -> str:
    content = message["content"]
    return content if isinstance(content, str) else "\n".join(block.get("text", "") for block in content)


def _blocks(message: dict[str, Any]) -> list[dict[str, Any]]:
    content = message["content"]
    return [] if isinstance(content, str) else content
