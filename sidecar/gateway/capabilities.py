"""What a Messages server understands beyond the plain protocol."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Capabilities:
    """Everything is off unless the server is Anthropic's own: Ollama, vLLM, llama.cpp, LiteLLM and their like
    ignore or refuse what they don't know."""

    prompt_caching: bool = False
    shown_thinking: bool = False


def capabilities_of(base_url: str | None) -> Capabilities:
    own = base_url is None or urlsplit(base_url).hostname == "api.anthropic.com"
    return Capabilities(prompt_caching=own, shown_thinking=own)
