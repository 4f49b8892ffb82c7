"""`tend token …`: by which other machines may send events."""

from __future__ import annotations

from typing import Annotated

import typer

from harness.cli.commands.pages_url import pages_url
from harness.cli.failure import Failure
from harness.cli.terminal import Terminal, with_terminal

group = typer.Typer(name="token", help="Tokens, by which other machines send events.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Who gets it.", show_default=False)]


@group.command()
@with_terminal
def add(terminal: Terminal, name: Name) -> None:
    """Make a token. It is shown once."""
    from harness.web.doors.hooks import NotADoor
    from harness.web.doors.tokens import Tokens

    address = f"{pages_url(terminal)}/events"
    try:
        token = Tokens(terminal.settings.store).add(name)
    except NotADoor as error:
        raise Failure(str(error), next_=terminal.command("token list"), type_="usage") from error
    if terminal.as_json:
        terminal.answer_json({"name": name, "address": address, "token": token})
    else:
        terminal.out.print(f"✓ {name} sends CloudEvents by POST {address}", soft_wrap=True)
        terminal.out.print(f"  with the header, shown this once: authorization: Bearer {token}", soft_wrap=True)
    terminal.client.changed_door("add token", name)


@group.command("list")
@with_terminal
def list_tokens(terminal: Terminal) -> None:
    """Who has one."""
    from harness.web.doors.tokens import Tokens

    names = Tokens(terminal.settings.store).names()
    if terminal.as_json:
        terminal.answer_json([{"name": name} for name in names])
    else:
        terminal.out.print("\n".join(names) or f"No tokens. Make one with: {terminal.command('token add NAME')}")


@group.command()
@with_terminal
def rm(terminal: Terminal, name: Name) -> None:
    """It opens nothing any more, from the next event on."""
    from harness.web.doors.tokens import Tokens

    if not Tokens(terminal.settings.store).remove(name):
        raise Failure(f"there is no token {name!r}", next_=terminal.command("token list"), type_="not_found")
    terminal.client.changed_door("remove token", name)
    if terminal.as_json:
        terminal.answer_json({"name": name})
    else:
        terminal.out.print(f"○ The token of {name} opens nothing any more.")
