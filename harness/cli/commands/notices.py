"""`tend notices …`: what you were told, and how it came to you."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from harness.cli.failure import FAILED
from harness.cli.terminal import AsJson, Terminal, Workspace, with_terminal

if TYPE_CHECKING:
    from sidecar.client import views

group = typer.Typer(
    name="notices", help="What the skills and Tend told you, and how it came to you.", invoke_without_command=True
)

Limit: TypeAlias = Annotated[int, typer.Option(min=1, help="How many, newest first.")]
ToTarget: TypeAlias = Annotated[
    str | None, typer.Option("--target", help="Only what went to this target of the settings.", show_default=False)
]
Identifier: TypeAlias = Annotated[
    str, typer.Argument(metavar="ID", help="Of what was sent, or the first letters of it.", show_default=False)
]

PATIENCE = 30.0  # seconds that a test of a target is followed
LOOK = 0.2  # seconds between two looks


@group.callback()
def notices(
    ctx: typer.Context,
    limit: Limit = 20,
    target: ToTarget = None,
    workspace: Workspace = None,
    as_json: AsJson = False,
) -> None:
    """What the skills and Tend told you, and where each notice went."""
    if ctx.invoked_subcommand is None:
        show(ctx=ctx, workspace=workspace, as_json=as_json, limit=limit, target=target)
        return
    above = ctx.find_object(Terminal) or Terminal()
    ctx.obj = Terminal(workspace=workspace or above.workspace, as_json=as_json or above.as_json)


@with_terminal
def show(terminal: Terminal, limit: Limit = 20, target: ToTarget = None) -> None:
    from harness.cli.pages.notices import notice_page

    found = terminal.client.notices(limit=limit, target=target)
    terminal.answer(found, notice_page(found, terminal.words))


@group.command()
@with_terminal
def retry(terminal: Terminal, identifier: Identifier) -> None:
    """Send once more what has failed, was dropped, or may have come or not. It may then be there twice."""
    from harness.cli.pages.notices import posting_line

    sent = terminal.client.retry_posting(identifier)
    terminal.answer(sent, posting_line(sent, terminal.words))


@group.command()
@with_terminal
def drop(terminal: Terminal, identifier: Identifier) -> None:
    """Don't send it any more."""
    from harness.cli.pages.notices import posting_line

    dropped = terminal.client.drop_posting(identifier)
    terminal.answer(dropped, posting_line(dropped, terminal.words))


@group.command("test")
@with_terminal
def try_target(
    terminal: Terminal,
    target: Annotated[
        str, typer.Argument(metavar="TARGET", help="Of the settings; or #channel, or alerts.", show_default=False)
    ],
) -> None:
    """Send a word to a target, and see whether it comes there; exit 1 where it has not within half a minute."""
    from harness.cli.pages.notices import notice_page

    notice = _followed(terminal, terminal.client.test_target(target))
    terminal.answer([notice], notice_page([notice], terminal.words))
    if any(posting.state != "sent" for posting in notice.postings):
        raise typer.Exit(FAILED)


def _followed(terminal: Terminal, notice: views.Notice) -> views.Notice:
    """Until it waits no more, or for as long as we have patience."""
    deadline = time.monotonic() + PATIENCE
    while any(posting.state == "waiting" for posting in notice.postings) and time.monotonic() < deadline:
        time.sleep(LOOK)
        (notice,) = terminal.client.notices(notice=notice.id)
    return notice
