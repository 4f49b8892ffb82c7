"""Why a skill ran, or did not, in words that the model can act on."""

from __future__ import annotations

from collections.abc import Iterator

from harness.agent.cut import cut
from harness.agent.limits import TOOL_RESULT
from harness.agent.tools.show_skill import show_skill, show_time
from harness.agent.tools.views import Heard, Obstacle, ScheduleHistory, Slot, Why


def show_why(why: Why, zone: str) -> str:
    return cut("\n".join(_lines(why, zone)), TOOL_RESULT)


def _lines(why: Why, zone: str) -> Iterator[str]:
    yield show_skill(why["skill"], zone)
    yield from (_obstacle(item, zone) for item in why["obstacles"])
    if not why["obstacles"]:
        yield "Nothing keeps it from running now."
    if not why["schedules"] and not why["events"]:
        yield "Nothing has started it by itself yet."
    for history in why["schedules"]:
        yield from _history(history, zone)
    if why["events"]:
        yield f"Events that came to it, newest first, times in {zone}:"
        yield from (f"- {_event(item, zone)}" for item in why["events"])


def _obstacle(item: Obstacle, zone: str) -> str:
    since = f" Since {show_time(item['since'], zone)}." if item["since"] else ""
    return f"{item['kind']}: {item['told']}{since}"


def _history(history: ScheduleHistory, zone: str) -> Iterator[str]:
    former = "" if history["declared"] else " (declared no more)"
    yield f"Slots of {history['schedule']}{former}, newest first, times in {zone}:"
    yield from (f"- {_slot(slot, zone)}" for slot in history["slots"])
    if not history["slots"]:
        yield "- none yet"
    if times := history["next_times"]:
        yield f"Next: {', '.join(show_time(time, zone) for time in times)}"


def _slot(slot: Slot, zone: str) -> str:
    return f"{show_time(slot['due_at'], zone)} {_became(slot)}"


def _event(item: Heard, zone: str) -> str:
    return f"{show_time(item['at'], zone)} {item['name']} {_became(item)}"


def _became(item: Slot | Heard) -> str:
    run = f", run {item['run']['id']} {item['run']['state']}" if item["run"] else ""
    reason = f": {item['reason']}" if item["reason"] else ""
    return f"{item['outcome']}{run}{reason}"
