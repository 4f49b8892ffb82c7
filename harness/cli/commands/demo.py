"""`tend demo`: the whole story on one screen, without a key."""

from __future__ import annotations

import typer


def demo() -> None:
    """See Tend at work in a workspace of its own, without a key."""
    from harness.demo.story import main as tell

    raise typer.Exit(tell())
