"""A unified diff, in colours that repeat what its first letters say."""

from __future__ import annotations

from rich.console import RenderableType
from rich.text import Text

_STYLES = (("+++", "bold"), ("---", "bold"), ("@@", "cyan"), ("+", "green"), ("-", "red"))


def diff_page(unified: str) -> RenderableType:
    if not unified.strip():
        return Text("No difference.", style="dim")
    lines = unified.expandtabs(4).removesuffix("\n").split("\n")
    return Text("\n").join(Text(line, style=_style(line), overflow="fold") for line in lines)


def _style(line: str) -> str:
    return next((style for start, style in _STYLES if line.startswith(start)), "")
