"""`tend status`: how it goes, on one page."""

from __future__ import annotations

from harness.cli.terminal import Terminal, with_terminal


@with_terminal
def status(terminal: Terminal) -> None:
    """What runs, waits and comes next."""
    from harness.cli.pages.status import status_page

    found = terminal.client.status()
    terminal.answer(found, status_page(found, terminal.words))
