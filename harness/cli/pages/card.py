"""A version's capability card: what it may do, how often, and what that costs."""

from __future__ import annotations

from rich.console import RenderableType
from rich.text import Text

from harness.cli.pages.layout import page
from harness.cli.pages.secrets import still_to_type, use
from harness.words import Words, count, money
from sidecar.client import views


def card_facts(card: views.Card | None, words: Words) -> list[tuple[str, RenderableType | None]]:
    """The rows of a page about the version."""
    if card is None:
        return []
    undone = [f"{step.step}: {' / '.join(step.asks) or 'it asks nowhere'}" for step in card.irreversible]
    return [
        ("hosts", ", ".join(card.hosts) or "none"),
        ("reads", ", ".join(card.reads) or "nothing"),
        ("writes", ", ".join(card.writes) or "nothing"),
        ("runs", ", ".join(card.commands) or None),
        ("secrets", "\n".join(use(secret, words) for secret in card.secrets) or None),
        ("cannot be undone", "\n".join(undone) or "nothing"),
        ("schedule", how_often(card)),
        ("model", model_use(card)),
    ]


def receipt(card: views.Card | None, words: Words) -> RenderableType | None:
    """What goes live with a version, in a few lines."""
    if card is None:
        return None
    model = [f"model: {model_use(card)}"] if card.cost else []
    told = Text("".join(f"\n  {line}" for line in (*card.may, how_often(card), *model))[1:], style="dim")
    return page(told, still_to_type(card.secrets, words), difference(card))


def difference(card: views.Card | None) -> RenderableType | None:
    """Against the active version; None where there is nothing to tell."""
    if card is None or not (card.wider or card.narrower):
        return None
    told = Text()
    for sign, style, powers in (("+", "yellow", card.wider), ("-", "green", card.narrower)):
        for power in powers:
            told.append(f"{sign} {power}\n", style=style)
    told.rstrip()
    return told


def how_often(card: views.Card) -> str:
    return f"{card.schedule}, {_a_day(card.runs_a_day)}" if card.runs_a_day else card.schedule


def model_use(card: views.Card) -> str:
    if card.cost is None:
        return "no"
    a_month = f", {money(card.cost.month_usd)} a month" if card.runs_a_day else ""
    at_most = f", {money(card.budget_usd)} at most" if card.budget_usd is not None else ""
    return f"asks it; {money(card.cost.run_usd)} a run{at_most}{a_month} ({card.cost.basis})"


def _a_day(number: float) -> str:
    if number < 1:
        return f"about every {count(round(1 / number), 'day')}"
    return f"about {count(round(number), 'time')} a day"
