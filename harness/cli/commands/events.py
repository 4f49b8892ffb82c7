"""`tend emit` and `tend events …`: what happened, and what became of it."""

from __future__ import annotations

from typing import Annotated

import typer

from harness.cli.commands.json_given import json_given
from harness.cli.terminal import Terminal, with_terminal

group = typer.Typer(name="events", help="What happened, and what became of it.", no_args_is_help=True)

EXAMPLE = 'tend emit order.paid \'{"order": "A7"}\''


@with_terminal
def emit(
    terminal: Terminal,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What happened: order.paid", show_default=False)],
    given: Annotated[
        str | None, typer.Argument(metavar="JSON", help="About it: JSON, @FILE, or - for stdin.", show_default=False)
    ] = None,
    identity: Annotated[
        str | None, typer.Option("--id", help="The same name and id again is the same event.", show_default=False)
    ] = None,
) -> None:
    """Say that something happened: the skills that listen are started, the runs that wait go on."""
    from harness.cli.pages.events import event_page

    payload = json_given(given, as_="the payload", example=EXAMPLE)
    found = terminal.client.emit(name, payload, id=identity)
    terminal.answer(found, event_page([found], terminal.words))


@group.command("list")
@with_terminal
def list_events(
    terminal: Terminal,
    name: Annotated[str | None, typer.Option(help="Only those of this name.", show_default=False)] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 20,
) -> None:
    """The latest events, each with what became of it."""
    from harness.cli.pages.events import event_page

    found = terminal.client.events(name=name, limit=limit)
    terminal.answer(found, event_page(found, terminal.words))
