"""`tend demo`: the whole story on one screen, without a key."""

from __future__ import annotations

from typing import Annotated

import typer


def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Leave its workspace for you to look at.")] = False,
) -> None:
    """See Tend at work in a workspace of its own, without a key."""
    from harness.demo.story import main as tell

    raise typer.Exit(tell(keep=keep))
