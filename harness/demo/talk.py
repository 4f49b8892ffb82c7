"""A request to the model, as a script reads it: the task, and what the tools have answered so far."""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.demo.turns import Request


@dataclass(frozen=True)
class Result:
    """What one tool call came back with."""

    tool: str
    text: str
    refused: bool

    @property
    def base(self) -> str:
        """The hash that the next change of the file is to name. Raises LookupError where the result has none."""
        found = re.search(r"base=([0-9a-f]+)", self.text)
        if found is None:
            raise LookupError(f"{self.tool} named no base: {self.text[:200]}")
        return found[1]


@dataclass(frozen=True)
class Talk:
    """One turn of the agent so far."""

    task: str  # what the person, or the review, said
    results: tuple[Result, ...]  # in the order in which they came

    @classmethod
    def of(cls, request: Request) -> Talk:
        task = ""
        called: dict[str, str] = {}
        results: list[Result] = []
        for message in request["messages"]:
            content = message["content"]
            for block in [{"type": "text", "text": content}] if isinstance(content, str) else content:
                match block["type"]:
                    case "text" if message["role"] == "user":
                        task, results = block["text"], []
                    case "tool_use":
                        called[block["id"]] = block["name"]
                    case "tool_result":
                        refused = block.get("is_error") is True
                        results.append(Result(called[block["tool_use_id"]], _text(block["content"]), refused))
        return cls(task, tuple(results))

    @property
    def last(self) -> Result | None:
        return self.results[-1] if self.results else None

    def newest(self, *tools: str) -> Result:
        """The newest result of one of these tools. Raises LookupError."""
        for result in reversed(self.results):
            if result.tool in tools:
                return result
        raise LookupError(f"{' and '.join(tools)} have not been used yet")

    def count(self, tool: str) -> int:
        return sum(result.tool == tool for result in self.results)


def _text(content: object) -> str:
    return content if isinstance(content, str) else "".join(str(block["text"]) for block in _blocks(content))


def _blocks(content: object) -> list[dict[str, object]]:
    assert isinstance(content, list), content  # noqa: S101 # the protocol knows no third form
    return content
