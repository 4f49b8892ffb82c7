"""How the story is told: a time, a line, and below it what the product shows. Readable at 80 columns, and in a pipe."""

from __future__ import annotations

import time

from rich.console import Console, RenderableType
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from harness.cli.pages.diff import diff_page
from harness.cli.pages.layout import state
from harness.demo.reports import Report
from sidecar.client import views

WIDTH = 80
MARGIN = 8  # columns for the time
SHORT = 8  # letters of an id


def short(identifier: str) -> str:
    return identifier[:SHORT]


def euros(prices: dict[str, float]) -> str:
    return "  ".join(f"{price:.2f}" for price in prices.values())


def python(code: str) -> Text:
    """Coloured as Python, on a terminal."""
    coloured = Syntax("", "python", theme="ansi_dark", background_color="default").highlight(code)
    coloured.rstrip()
    return coloured


class Telling:
    def __init__(self, console: Console) -> None:
        self._console = console
        self._began = time.monotonic()
        self._width = min(console.width, WIDTH)
        self._chapter = 0

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def chapter(self, title: str) -> None:
        self._chapter += 1
        self.plain(f"\n{self._chapter}  {title}", style="bold")

    def plain(self, text: str, style: str = "") -> None:
        self._print(Text(text, style=style))

    def say(self, *parts: str | tuple[str, str]) -> None:
        """A line with its time; a part may have a style."""
        row = Table.grid(padding=0)
        row.add_column(width=MARGIN, style="dim")
        row.add_column(width=self._width - MARGIN, overflow="fold")
        row.add_row(f"{self.seconds:5.1f} s", Text.assemble(*parts))
        self._print(row)

    def show(self, body: RenderableType) -> None:
        """What belongs to the line before."""
        row = Table.grid(padding=0)
        row.add_column(width=MARGIN)
        row.add_column(width=self._width - MARGIN, overflow="fold")
        row.add_row("", body)
        self._print(row)

    # ------------------------------------------------------------ what the product shows

    def problems(self, report: views.Report) -> None:
        for found in report.problems:
            self.show(
                Text.assemble((f"{found.file}:{found.line}", "bold"), (f" [{found.stage}]\n", "dim"), found.reason)
            )
            self.show(python(f"    {found.source.strip()}"))
            if found.fix:
                self.show(Text.assemble(("Fix: ", "green"), found.fix))

    def diff(self, unified: str) -> None:
        """The changed lines of a unified diff; tend review latest shows it with what stands around them."""
        changed = [line for line in unified.splitlines() if line.startswith(("+", "-")) and line.strip("+- ")]
        self.show(diff_page("\n".join(line for line in changed if not line.startswith(("---", "+++")))))

    def reports(self, reports: list[Report]) -> None:
        """Each run's row, what it reported, and what the shop had asked for in that very run."""
        made = Table.grid(padding=(0, 2, 0, 0))
        lamps = ", ".join(reports[0].said)
        heads = ("run", "version", "state", f"said: {lamps}", "the shop asked")
        made.add_row(*(Text(head, style="dim") for head in heads))
        for one in reports:
            asked = Text("the same" if one.is_right else euros(one.asked), style="green" if one.is_right else "red")
            made.add_row(short(one.run.id), short(one.run.version), state(one.run.state), euros(one.said), asked)
        self.show(made)

    def steps(self, detail: views.RunDetail) -> None:
        """Each step with all its tries."""
        made = Table.grid(padding=(0, 2, 0, 0))
        made.add_row(*(Text(head, style="dim") for head in ("step", "state", "tries", "result")))
        for step in detail.steps:
            name = step.name if step.occurrence == 0 else f"{step.name}#{step.occurrence + 1}"
            tries = ", ".join(f"{one.number} {one.outcome}" for one in step.attempts) or "-"
            result = str(step.result) if isinstance(step.result, int | float | str) else ""
            made.add_row(name, state(step.state), tries, result)
        self.show(made)

    def _print(self, body: RenderableType) -> None:
        """Without the blanks that a table has at the end of its lines."""
        options = self._console.options.update(width=self._width)
        for line in self._console.render_lines(body, options, pad=False):
            text = Text.assemble(*((segment.text, segment.style or "") for segment in line))
            text.rstrip()
            self._console.print(text, soft_wrap=True)
