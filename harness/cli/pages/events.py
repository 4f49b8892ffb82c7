"""Events: what happened, who said so, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType
from rich.text import Text

from harness.cli.pages.layout import indented, page
from harness.words import Words, value
from sidecar.client import views

BRIEF = 200  # characters of a payload; --json has it whole


def event_page(events: Sequence[views.Event], words: Words) -> RenderableType:
    if not events:
        return Text(f"No events yet. Emit one with: {words.command('emit NAME JSON')}")
    return page(*(_event(event, words) for event in events))


def _event(event: views.Event, words: Words) -> RenderableType:
    told = Text.assemble((event.name, "bold"), (f"  {event.id}", "dim"))
    told.append(f"  {words.relative(event.at)}, by {event.source}", style="dim")
    if event.payload is not None:
        told.append(f"\n  {value(event.payload, BRIEF)}")
    if not event.is_new:
        told.append("\n  It was emitted before; nothing happens now. What became of it then:", style="yellow")
    became = Text("\n").join(_delivery(each, words) for each in event.deliveries)
    return page(told, indented(became if event.deliveries else Text("nobody listened", style="dim")))


def _delivery(delivery: views.Delivery, words: Words) -> Text:
    told = Text(f"→ {delivery.skill}: {delivery.outcome}")
    if delivery.run:
        told.append(f" run {words.id(delivery.run)}")
    return told.append(f", {delivery.reason}") if delivery.reason else told
