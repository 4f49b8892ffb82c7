"""`tend audit`: who decided what, when and why."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from harness.cli.terminal import Terminal, with_terminal


@with_terminal
def audit(
    terminal: Terminal,
    skill: Annotated[str | None, typer.Option(help="Only about this skill.", show_default=False)] = None,
    who: Annotated[str | None, typer.Option(help="Only by: person, agent, tend, a name.", show_default=False)] = None,
    what: Annotated[str | None, typer.Option(help="Only this: activate, approved, cap …", show_default=False)] = None,
    since: Annotated[datetime | None, typer.Option(help="Only from then on.", show_default=False)] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="How many, newest first.")] = 50,
) -> None:
    """Every decision, newest first; none can be changed or deleted."""
    from harness.cli.pages.audit import audit_table

    from_ = since.replace(tzinfo=ZoneInfo(terminal.settings.zone)) if since else None
    found = terminal.client.audit(skill=skill, who=who, what=what, since=from_, limit=limit)
    terminal.answer(found, audit_table(found, terminal.words))
