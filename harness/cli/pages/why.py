"""Why a skill ran, or did not, in sentences."""

from __future__ import annotations

from rich.console import RenderableType
from rich.text import Text

from harness.cli.pages.layout import page, section
from harness.words import SYMBOLS, Words
from sidecar.client import views


def why_page(why: views.Why, words: Words) -> RenderableType:
    return page(
        Text.assemble((why.skill.name, "bold"), f": {_now(why)}"),
        *(_obstacle(item, words) for item in why.obstacles),
        None if _is_triggered(why) else Text("Nothing starts it by itself. It runs when somebody calls it."),
        *(section(_title(item), _history(item, words)) for item in why.schedules),
        section("Events", page(*(_heard(item, words) for item in why.events))) if why.events else None,
    )


def _now(why: views.Why) -> str:
    return "something is in its way." if why.obstacles else "nothing keeps it from running."


def _is_triggered(why: views.Why) -> bool:
    return bool(why.schedules or why.events or why.skill.schedule != views.CALLED_ONLY)


def _obstacle(item: views.Obstacle, words: Words) -> Text:
    symbol, colour = SYMBOLS.get(item.kind, ("!", "yellow"))
    told = Text.assemble((f"{symbol} ", colour), item.told)
    if item.since:
        told.append(f" That was {words.relative(item.since)}.")
    if item.fix:
        told.append(f"\n  → {words.command(item.fix.removeprefix('tend '))}", style="bold")
    return told


def _title(history: views.ScheduleHistory) -> str:
    return history.schedule if history.declared else f"{history.schedule} (declared no more)"


def _history(history: views.ScheduleHistory, words: Words) -> RenderableType:
    return page(
        _next(history, words) if history.declared else None,
        *(_slot(slot, words) for slot in history.slots),
        None if history.slots else Text("None of its times has come yet.", style="dim"),
    )


def _next(history: views.ScheduleHistory, words: Words) -> Text:
    if not history.next_times:
        return Text("No time comes next.")
    first, *others = history.next_times
    then = f", then {', '.join(words.weekday(at) for at in others)}" if others else ""
    return Text(f"Next is {words.weekday(first)} ({words.relative(first)}){then}.")


def _slot(slot: views.Slot, words: Words) -> Text:
    symbol, colour = _mark(slot)
    return Text.assemble((f"{symbol} ", colour), f"{words.weekday(slot.due_at)} ", _told(slot, words))


def _heard(item: views.Heard, words: Words) -> Text:
    symbol, colour = _mark(item)
    told = Text.assemble((f"{symbol} ", colour), f"{words.weekday(item.at)} {item.name} ", _told(item, words))
    return told.append(f"  {item.id}", style="dim")


def _mark(item: views.Slot | views.Heard) -> tuple[str, str]:
    if item.run is not None:
        return SYMBOLS[item.run.state]
    return SYMBOLS.get(item.outcome, ("○", "dim"))


def _told(slot: views.Slot | views.Heard, words: Words) -> str:
    reason = f": {slot.reason}" if slot.reason else ""
    run = f"run {words.id(slot.run.id)}" if slot.run else "a run"
    match slot.outcome:
        case "fired" | "started":
            return f"started {run}{_ended(slot)}."
        case "late":
            return f"started {run} late{_ended(slot)}{reason}."
        case "merged":
            return f"was merged{reason}."
        case _:
            return f"started nothing ({slot.outcome}){reason}."


def _ended(slot: views.Slot | views.Heard) -> str:
    if slot.run is None:
        return ", which is kept no more"
    state = f"is {slot.run.state}" if slot.run.state in ("queued", "running", "waiting") else slot.run.state
    if slot.run.state == "cancelled":
        state = "was cancelled"
    error = f" with {slot.run.error.type}" if slot.run.error else ""
    return f", which {state}{error}"
