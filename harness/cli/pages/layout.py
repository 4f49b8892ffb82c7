"""The few shapes that pages are made of: a table, a list of facts, a heading, a state in its colour."""

from __future__ import annotations

from copy import copy

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from harness import words

LEAST = 16  # characters of a column that can take several lines
BETWEEN = 2  # between two columns


class _Columns(Table):
    """Where the screen is too narrow for all of its columns, it has the first ones."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        shown = copy(self)
        least = [_least(column, console, options) for column in self.columns]
        while len(least) > 1 and sum(least) + BETWEEN * (len(least) - 1) > options.max_width:
            least.pop()
        shown.columns = self.columns[: len(least)]
        return Table.__rich_console__(shown, console, options)


def _least(column: Column, console: Console, options: ConsoleOptions) -> int:
    widest = max(Measurement.get(console, options, cell).maximum for cell in (column.header, *column.cells))
    return widest if column.no_wrap else min(widest, LEAST)


def table(*columns: str) -> Table:
    """Columns under plain headings, the first ones first where the screen is narrow. One whose name starts with `+`
    takes several lines then."""
    made = _Columns(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for column in columns:
        made.add_column(column.removeprefix("+"), no_wrap=not column.startswith("+"), overflow="fold")
    return made


def facts(rows: list[tuple[str, RenderableType | None]]) -> Table:
    """`name  value` lines; a row without a value is left out."""
    made = Table.grid(padding=(0, 2))
    made.add_column(style="dim", no_wrap=True)
    made.add_column(overflow="fold")
    for name, value in rows:
        if value is not None and value != "":
            made.add_row(name, value)
    return made


def section(title: str, body: RenderableType) -> RenderableType:
    return Group(Text(f"\n{title}", style="bold"), indented(body))


def indented(body: RenderableType, by: int = 2) -> RenderableType:
    return Padding(body, (0, 0, 0, by), expand=False)


def page(*parts: RenderableType | None) -> RenderableType:
    """The parts one below the other, without those that are None."""
    return Group(*(part for part in parts if part is not None))


def state(name: str) -> Text:
    return Text(words.state(name), style=words.colour(name), no_wrap=True)
