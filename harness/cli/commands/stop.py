"""`tend stop --all` and `tend start --all`: one switch for everything."""

from __future__ import annotations

from typing import Annotated

import typer

from harness.cli.failure import USAGE, Failure
from harness.cli.terminal import Terminal, with_terminal

All = Annotated[bool, typer.Option("--all", help="Everything: skills, the agent, the review.")]
Because = Annotated[str, typer.Option("--because", help="Why; shown until it is started again.")]


@with_terminal
def stop(terminal: Terminal, everything: All = False, because: Because = "") -> None:
    """End all that is under way, and let nothing begin until `tend start --all`, whatever restarts meanwhile."""
    from harness.cli.pages.stop import stopped_page

    _require_all(terminal, "stop", everything=everything)
    halt = terminal.client.stop(reason=because)
    terminal.answer(halt, stopped_page(halt, terminal.words))


@with_terminal
def start(terminal: Terminal, everything: All = False) -> None:
    """Go on after `tend stop --all`: what was under way goes on from its last step."""
    from harness.cli.pages.stop import started_page

    _require_all(terminal, "start", everything=everything)
    halt = terminal.client.start()
    terminal.answer(halt, started_page(halt, terminal.words))


def _require_all(terminal: Terminal, what: str, *, everything: bool) -> None:
    if not everything:
        raise Failure(
            f"say --all for everything; one skill: {terminal.command(f'skills {what} NAME')}",
            next_=terminal.command(f"{what} --all"),
            type_="usage",
            code=USAGE,
        )
