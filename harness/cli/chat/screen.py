"""What a person sees of a turn while it goes on: the agent's text as it comes, and a line for each thing it does."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from harness.cli.live import HELD
from harness.words import colour
from sidecar.client import views

_TOOL = {"started": ("✎", ""), "succeeded": ("✓", "succeeded"), "failed": ("✗", "failed")}


class Screen:
    """Text and lines on one console; without `streaming`, the lines alone."""

    def __init__(self, console: Console, *, streaming: bool) -> None:
        self._console = console
        self._streaming = streaming
        self._at_start = True  # of a line
        self._said: list[str] = []

    def begin(self) -> None:
        """A new turn: nothing of it has been said."""
        self._said = []

    def tell(self, moment: views.Moment) -> None:
        data = {name: str(value) for name, value in moment.data.items() if value not in (None, "")}
        match moment.topic:
            case "text":
                self._text(data.get("text", ""))
            case "tool":
                self._tool(data)
            case "retry":
                waits = f", again in {data['wait']} s" if "wait" in data else ""
                self.line(Text(f"↻ {data['error']}{waits}", style="yellow"))
            case "run" if data.get("reason") == "stopped":
                self.line(Text(f"⏹ {HELD}", style="red"))
            case _:
                pass

    def end(self, reply: str) -> None:
        """The turn is over; whatever of its reply was lost on the way is shown now."""
        if self._streaming and _plain(reply) not in _plain("".join(self._said)):
            self.line(Text(reply))
        self._fresh_line()

    def line(self, text: Text) -> None:
        self._fresh_line()
        self._console.print(text, soft_wrap=True)

    def _text(self, text: str) -> None:
        if not self._streaming or not text:
            return
        self._said.append(text)
        self._console.print(Text(text), end="", soft_wrap=True)
        self._at_start = text.endswith("\n")

    def _tool(self, data: dict[str, str]) -> None:
        """The line for a tool that begins, and another for its end where there is more to say."""
        if data["state"] == "succeeded" and "summary" not in data:
            return
        symbol, style = _TOOL.get(data["state"], ("·", ""))
        self.line(Text.assemble((symbol, colour(style)), (f" {data.get('summary', data['name'])}", "dim")))

    def _fresh_line(self) -> None:
        if not self._at_start:
            self._console.print()
        self._at_start = True


def _plain(text: str) -> str:
    return "".join(text.split())
