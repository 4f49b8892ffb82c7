"""`tend status` and `tend notices`: how it goes, on one page."""

from __future__ import annotations

from typing import Annotated

import typer

from harness.cli.terminal import Terminal, with_terminal


@with_terminal
def status(terminal: Terminal) -> None:
    """What runs, waits and comes next."""
    from harness.cli.pages.status import status_page

    found = terminal.client.status()
    terminal.answer(found, status_page(found, terminal.words))


@with_terminal
def notices(
    terminal: Terminal, limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 20
) -> None:
    """What the skills told you."""
    from harness.cli.pages.status import notice_page

    found = terminal.client.notices(limit=limit)
    terminal.answer(found, notice_page(found, terminal.words))
