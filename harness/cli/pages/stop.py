"""What a stop ended, and what goes on after a start."""

from __future__ import annotations

from rich.console import RenderableType
from rich.text import Text

from harness.cli.pages.layout import page, section
from harness.cli.pages.runs import run_table
from harness.words import Words, count
from sidecar.client import views


def stopped_page(halt: views.Halt, words: Words) -> RenderableType:
    still = [run for run in halt.runs if run.state == "running"]
    waiting = f"{count(len(halt.runs), 'run')} that {'was' if len(halt.runs) == 1 else 'were'} under way wait"
    return page(
        Text.assemble(("⏹", "red"), f" {stop_line(halt.stop, words)}"),
        Text(f"{waiting}{'s' * (len(halt.runs) == 1)}; a step that was not finished runs again after the start.")
        if halt.runs
        else Text("Nothing was under way."),
        section("Held", run_table(halt.runs, words)) if halt.runs else None,
        Text(f"! not ended yet: {', '.join(words.id(run.id) for run in still)}", style="red") if still else None,
        _doubts(halt, words),
        Text(f"Go on with: {words.command(_start(halt.stop))}", style="bold"),
    )


def started_page(halt: views.Halt, words: Words) -> RenderableType:
    what = halt.stop.skill or "everything"
    return page(
        Text.assemble(("●", "green"), f" {what} goes on; it was stopped {words.relative(halt.stop.since)}."),
        section("Goes on", run_table(halt.runs, words)) if halt.runs else None,
        _doubts(halt, words),
    )


def stop_line(stop: views.Stop, words: Words) -> str:
    because = f": {stop.reason}" if stop.reason else ""
    return f"{stop.skill or 'everything'} is stopped by {stop.by} since {words.exact(stop.since)}{because}"


def _doubts(halt: views.Halt, words: Words) -> RenderableType | None:
    if not halt.in_doubt:
        return None
    which = ", ".join(map(words.id, halt.in_doubt))
    return Text(
        f"? in an irreversible step, which may have happened, or not: {which}. After the start its look-up or a person "
        "says which.",
        style="yellow",
    )


def _start(stop: views.Stop) -> str:
    return f"skills start {stop.skill}" if stop.skill else "start --all"
