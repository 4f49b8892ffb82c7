"""The audit: who decided what, when and why."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType
from rich.text import Text

from harness.cli.pages.layout import table
from harness.words import Words
from sidecar.client import views


def audit_table(decisions: Sequence[views.Decision], words: Words) -> RenderableType:
    if not decisions:
        return Text(f"Nothing of that kind was decided. Everything: {words.command('audit')}")
    made = table("+when", "who", "what", "+subject", "+why")
    for decision in decisions:
        made.add_row(words.exact(decision.at), decision.who, decision.what, Text(decision.subject), Text(decision.why))
    return made
