"""`tend doctor`: what is in order here, and what to do about the rest; with a sidecar or without."""

from __future__ import annotations

import typer

from harness.cli.terminal import Terminal, with_terminal


@with_terminal
def doctor(terminal: Terminal) -> None:
    """What is in order, and what to do about the rest; exit 1 where something is broken."""
    from harness.cli.examination import examine
    from harness.cli.pages.status import health_page

    found = examine(terminal.workspace)
    terminal.answer(found, health_page(found))
    if any(health.state == "error" for health in found):
        raise typer.Exit(1)
