"""`tend approvals grants …`: standing approvals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.commands.json_given import json_given
from harness.cli.commands.lengths import duration
from harness.cli.failure import USAGE, Failure
from harness.cli.terminal import Terminal, with_terminal

if TYPE_CHECKING:
    from pydantic import JsonValue

group = typer.Typer(name="grants", help="Standing approvals: a yes beforehand, for a while.", no_args_is_help=True)


@group.command("list")
@with_terminal
def list_grants(terminal: Terminal) -> None:
    """All of them, with what they are for, until when, and how often they were used."""
    from harness.cli.pages.approvals import grant_list

    found = terminal.client.grants()
    terminal.answer(found, grant_list(found, terminal.words))


@group.command()
@with_terminal
def add(
    terminal: Terminal,
    skill: Annotated[str, typer.Argument(help="The skill; of the version that is live.", show_default=False)],
    step: Annotated[str, typer.Argument(help="Its irreversible step.", show_default=False)],
    lasts: Annotated[str, typer.Option("--for", help="For how long: 12h, 30d.", show_default=False)],
    arguments: Annotated[
        str, typer.Option(help="The arguments that have to be just so, as a JSON object; any will do for the others.")
    ] = "{}",
    because: Annotated[str, typer.Option(help="Why; stored with it, and the skill is told.")] = "",
) -> None:
    """Say yes beforehand. Other bytes of the skill need another one."""
    from harness.cli.pages.approvals import grant_list

    helpful = terminal.command("approvals grants add --help")
    exact = _object(arguments, helpful)
    made = terminal.client.grant(skill, step, exact, lasts=duration(lasts, helpful), reason=because)
    terminal.answer(made, grant_list([made], terminal.words))


@group.command()
@with_terminal
def revoke(
    terminal: Terminal,
    grant: Annotated[str, typer.Argument(help="Its id, or the first letters of it.", show_default=False)],
) -> None:
    """Take it back: nothing begins upon it from then on."""
    from harness.cli.pages.approvals import grant_list

    revoked = terminal.client.revoke_grant(grant)
    terminal.answer(revoked, grant_list([revoked], terminal.words))


def _object(typed: str, next_: str) -> dict[str, JsonValue]:
    parsed = json_given(typed, as_="--arguments", example=next_)
    if not isinstance(parsed, dict):
        raise Failure('--arguments is an object: \'{"to": "ada"}\'', next_=next_, type_="usage", code=USAGE)
    return parsed
