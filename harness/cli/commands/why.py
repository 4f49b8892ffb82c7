"""`tend why`: why a skill ran, or did not."""

from __future__ import annotations

from typing import Annotated

import typer

from harness.cli.terminal import Terminal, with_terminal


@with_terminal
def why(
    terminal: Terminal,
    name: Annotated[str, typer.Argument(metavar="SKILL", help="The skill's name.", show_default=False)],
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many slots of each schedule, newest first.")] = 10,
) -> None:
    """Why a skill ran, or did not: its last times and what became of them."""
    from harness.cli.pages.why import why_page

    found = terminal.client.why(name, limit=limit)
    terminal.answer(found, why_page(found, terminal.words))
