"""`tend backup` and `tend restore`: everything in one file, and the way back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.cli.failure import Failure
from harness.cli.terminal import Terminal, with_terminal


@with_terminal
def backup(
    terminal: Terminal, file: Annotated[Path, typer.Argument(help="The file to make.", show_default=False)]
) -> None:
    """Copy the store and the workspace's files into one file, while all goes on."""
    from harness.cli.pages.backup import backup_page

    made = terminal.client.backup(file.absolute())
    terminal.answer(made, backup_page(made, terminal.words))


@with_terminal
def restore(
    terminal: Terminal, file: Annotated[Path, typer.Argument(help="From tend backup.", show_default=False)]
) -> None:
    """Put the workspace back to a backup. The sidecar has to be stopped; what is there now is kept aside."""
    from harness.cli.pages.backup import restored_page
    from sidecar.client.restore import NotRestored
    from sidecar.client.restore import restore as put_back

    try:
        done = put_back(terminal.settings, file.absolute())
    except NotRestored as error:
        raise Failure(str(error), next_=terminal.command("status"), type_="not_restored") from error
    terminal.answer(done, restored_page(done, terminal.words))
