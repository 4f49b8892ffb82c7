"""The two ends that a person reads, stdout and stderr, made safe against what skills, agents and the web have written.

Text from the store is inert: no markup in it is obeyed, and no control sequence of it reaches the terminal. That is
held here, at the last gate before the screen, so that no page can forget it.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable
from typing import TextIO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

PIPE_WIDTH = 10_000  # a pipe has no edge: a row stays one line, and nothing is cut

_SEQUENCE = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor
    r"|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)"  # OSC and the other strings: titles, links, clipboard
    r"|\x1b[ -/]*[0-~]"
)
_CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f"  # all but tab and newline
    r"\u200e\u200f\u202a-\u202e\u2066-\u2069]"  # what turns the direction of text round
)


def inert(text: str) -> str:
    """The text without anything that a terminal would obey."""
    return _CONTROL.sub("", _SEQUENCE.sub("", text))


class InertConsole(Console):
    """A console whose pages can't be made to speak to the terminal by the text in them."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(inert(segment.text), segment.style)

    def on_broken_pipe(self) -> None:
        """Leave it to the command's end, which knows that a reader who has enough is no error."""
        raise  # called while the BrokenPipeError is handled


def stdout_console() -> Console:
    return _console(sys.stdout)


def stderr_console() -> Console:
    return _console(sys.stderr)


def _console(stream: TextIO) -> Console:
    width = None if stream.isatty() or "COLUMNS" in os.environ else PIPE_WIDTH
    return InertConsole(file=stream, markup=False, emoji=False, highlight=False, width=width)
