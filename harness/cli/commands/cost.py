"""`tend cost …`: what was spent, and what may be."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from harness.cli.failure import USAGE, Failure
from harness.cli.terminal import AsJson, Terminal, Workspace, with_terminal

if TYPE_CHECKING:
    from sidecar.client import views

group = typer.Typer(name="cost", help="What was spent, and what may be.", invoke_without_command=True)

Since: TypeAlias = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="From this day on; else this month's.", show_default=False)
]
Skill: TypeAlias = Annotated[str | None, typer.Option(help="Only this skill's; the agent is one.", show_default=False)]

SETTINGS_SAY = "default"


@group.callback()
def cost(
    ctx: typer.Context, since: Since = None, skill: Skill = None, workspace: Workspace = None, as_json: AsJson = False
) -> None:
    """What each skill has spent, against the caps; what is reserved, and who waits."""
    if ctx.invoked_subcommand is None:
        show(ctx=ctx, workspace=workspace, as_json=as_json, since=since, skill=skill)
        return
    above = ctx.find_object(Terminal) or Terminal()
    ctx.obj = Terminal(workspace=workspace or above.workspace, as_json=as_json or above.as_json)


@with_terminal
def show(terminal: Terminal, since: Since = None, skill: Skill = None) -> None:
    from harness.cli.pages.cost import cost_page

    found = terminal.client.cost(since=since.date() if since else None, skill=skill)
    terminal.answer(found, cost_page(found, terminal.words))


@group.command()
@with_terminal
def cap(
    terminal: Terminal,
    given: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="WHOSE AMOUNT",
            help=f"SKILL, `run RUN`, `day` or `month`; and how much, or `{SETTINGS_SAY}`: as the settings say.",
            show_default=False,
        ),
    ] = None,
    of: Annotated[str, typer.Option(help="usd, model_calls, http_calls or notices.")] = "usd",
    why: Annotated[str, typer.Option(help="Why; stored with the change.")] = "",
) -> None:
    """Show the caps, or set one: of a skill's day, of one run, of each day or month. What then has room goes on."""
    from harness.cli.pages.cost import caps_page

    if not given:
        found = terminal.client.caps()
    else:
        scope, subject, amount = _parsed(given, terminal)
        found = terminal.client.cap(scope, subject, amount=amount, what=_what(of, terminal), why=why)
    terminal.answer(found, caps_page(found, terminal.words))


def _parsed(given: Sequence[str], terminal: Terminal) -> tuple[views.Scope, str, float | None]:
    match given:
        case ["run", run, amount]:
            return "run", run, _amount(amount, terminal)
        case ["day", amount]:
            return "day", "", _amount(amount, terminal)
        case ["month", amount]:
            return "month", "", _amount(amount, terminal)
        case [skill, amount]:
            return "skill", skill, _amount(amount, terminal)
    raise _misread(terminal, f"{' '.join(given)!r} names no cap and its amount")


def _amount(typed: str, terminal: Terminal) -> float | None:
    if typed == SETTINGS_SAY:
        return None
    try:
        return float(typed.removeprefix("$"))
    except ValueError:
        raise _misread(terminal, f"{typed!r} is no amount") from None


def _what(typed: str, terminal: Terminal) -> views.What:
    match typed:
        case "usd" | "model_calls" | "http_calls" | "notices":
            return typed
    raise _misread(terminal, f"--of {typed!r} is nothing that is counted: usd, model_calls, http_calls, notices")


def _misread(terminal: Terminal, message: str) -> Failure:
    return Failure(message, next_=terminal.command("cost cap --help"), type_="usage", code=USAGE)
