"""`tend web`: a link to the pages; and their password, where other machines reach them."""

from __future__ import annotations

import typer

from harness.cli.commands.typed_secret import typed_secret
from harness.cli.failure import USAGE, Failure
from harness.cli.terminal import AsJson, Terminal, Workspace, with_terminal

group = typer.Typer(
    name="web", help="A link that opens the pages in a browser; their password.", invoke_without_command=True
)


@group.callback()
def web(ctx: typer.Context, workspace: Workspace = None, as_json: AsJson = False) -> None:
    """A link that opens the pages in a browser. It works once, within ten minutes; then the browser stays known."""
    if ctx.invoked_subcommand is None:
        link(ctx=ctx, workspace=workspace, as_json=as_json)
        return
    above = ctx.find_object(Terminal) or Terminal()
    ctx.obj = Terminal(workspace=workspace or above.workspace, as_json=as_json or above.as_json)


@with_terminal
def link(terminal: Terminal) -> None:
    from harness.web.access import new_link
    from harness.web.place import NotServed

    if not terminal.settings.web_port:
        raise Failure("no pages are served: web_port is 0", next_="TEND_WEB_PORT=8360 tend up", type_="usage")
    terminal.client.status()  # without a sidecar there is nothing to see
    try:
        found = new_link(terminal.settings)
    except NotServed as error:
        raise Failure(str(error), next_=terminal.command("doctor"), type_="settings", code=USAGE) from error
    if terminal.as_json:
        terminal.answer_json({"link": found})
    else:
        terminal.out.print(found, soft_wrap=True)


@group.command()
@with_terminal
def password(terminal: Terminal) -> None:
    """Set the password, asked for or read from stdin, for browsers on other machines. All have to come in anew."""
    from harness.web.access import Access
    from harness.web.password import BadPassword, Password

    given = typed_secret("Password of the pages", twice=True)
    try:
        Password(terminal.settings.store).set(given)
    except BadPassword as error:
        raise Failure(str(error), next_=terminal.command("web password"), type_="usage", code=USAGE) from error
    Access(terminal.settings.store).leave_all()
    terminal.client.changed_door("set web password")
    if terminal.as_json:
        terminal.answer_json({"set": True})
    else:
        terminal.out.print("✓ The password is set. Browsers that were known have to come in anew.")
