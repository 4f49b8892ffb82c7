"""`tend secret …`: values that skills use and never see."""

from __future__ import annotations

from typing import Annotated

import typer

from harness.cli.commands.typed_secret import typed_secret
from harness.cli.terminal import Terminal, with_terminal

group = typer.Typer(name="secret", help="Values that skills use and never see, and where to.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Such as GITHUB_TOKEN.", show_default=False)]
Skill = Annotated[str, typer.Argument(metavar="SKILL", help="The skill's name.", show_default=False)]


@group.command("set")
@with_terminal
def set_secret(terminal: Terminal, name: Name) -> None:
    """Keep a value on this host. It is asked for, or read from stdin; never an argument, which others could see."""
    from harness.cli.pages.secrets import kept

    secret = terminal.client.set_secret(name, typed_secret(f"Value of {name}"))
    terminal.answer(secret, kept(secret, terminal.words))


@group.command("list")
@with_terminal
def list_secrets(terminal: Terminal) -> None:
    """Every secret: whether it is set on this host, who uses it, who may send it where. No values."""
    from harness.cli.pages.secrets import secret_table

    found = terminal.client.secrets()
    terminal.answer(found, secret_table(found, terminal.words))


@group.command()
@with_terminal
def rm(terminal: Terminal, name: Name) -> None:
    """Delete the value from this host. What was granted stays, for the next value of that name."""
    secret = terminal.client.remove_secret(name)
    terminal.answer(
        secret, f"○ {name} is deleted from this host. Set it again with: {terminal.command(f'secret set {name}')}"
    )


@group.command()
@with_terminal
def grant(
    terminal: Terminal,
    skill: Skill,
    name: Name,
    host: Annotated[str, typer.Argument(metavar="HOST", help="One that the skill declares.", show_default=False)],
) -> None:
    """Let a skill send a secret to one of its hosts, in this version and in later ones."""
    from harness.cli.pages.secrets import granted

    secret = terminal.client.grant_secret(skill, name, host)
    terminal.answer(secret, granted(secret, skill, host, terminal.words))


@group.command()
@with_terminal
def revoke(
    terminal: Terminal,
    skill: Skill,
    name: Name,
    host: Annotated[str | None, typer.Argument(metavar="HOST", help="Left out: all hosts.", show_default=False)] = None,
) -> None:
    """Let a skill send it there no more, from its next request on."""
    secret = terminal.client.revoke_secret(skill, name, host)
    terminal.answer(secret, f"○ {skill} may not send {name} to {host or 'any host'} any more.")
