"""Runs: the table of many, and the page of one, told step by step with a waterfall."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich.console import RenderableType
from rich.text import Text

from harness.cli.pages.layout import facts, indented, page, section, state, table
from harness.words import Words, money, value
from sidecar.client import views

BAR = 16  # characters of the waterfall
BRIEF = 300  # characters of a value on the page; --json has it whole


def run_table(
    runs: Sequence[views.Run], words: Words, *, of: str | None = None, narrowed: bool = False
) -> RenderableType:
    """`of` names the skill where all runs are its; `narrowed` says that others were left out."""
    if not runs and narrowed:
        return Text(f"No such runs. All that there are: {words.command('runs list')}")
    if not runs:
        start = words.command(f"skills run {of or 'NAME'}")
        return Text(f"No runs yet. Start one with: {start}")
    made = table("run", *(() if of else ("+skill",)), "state", "started", "took", "+trigger")
    for run in runs:
        made.add_row(
            words.id(run.id),
            *(() if of else (run.skill,)),
            state(run.state),
            words.relative(run.started_at or run.created_at),
            words.between(run.started_at, run.ended_at),
            run.trigger + (f" · misfire: {run.misfire}" if run.misfire else ""),
        )
    return made


def outcome_page(outcomes: Sequence[views.RunOutcome], words: Words) -> RenderableType:
    """What has become of each, and how many were done."""
    done = sum(each.done for each in outcomes)
    told = [state("ok" if each.done else "error").append(f"  {words.id(each.run)}: {each.told}") for each in outcomes]
    return page(*told, Text(f"{done:,} of {len(outcomes):,} done."))


def run_line(run: views.Run, words: Words) -> RenderableType:
    told = state(run.state).append(f"  {run.skill} {words.id(run.id)}", style="default")
    return told.append(f": {run.reason}") if run.reason else told


def run_started(run: views.Run, words: Words) -> RenderableType:
    return Text.assemble(("▶", "cyan"), f" {run.skill} {words.id(run.id)} ({run.trigger})")


def run_page(detail: views.RunDetail, words: Words) -> RenderableType:
    run = detail.run
    return page(
        Text.assemble((f"{run.skill} ", "bold"), run.id, "  ", state(run.state)),
        facts(_facts(detail, words)),
        section("Steps", _steps(detail, words)) if detail.steps else None,
        section("Attempts", _attempts(detail.attempts, words)) if len(detail.attempts) > 1 else None,
        section("What it did to the world", _calls(detail.calls, words)) if detail.calls else None,
        section("Runs that it started", run_table(detail.children, words)) if detail.children else None,
        section("Log", log_page(detail.logs, words)) if detail.logs else None,
        _trouble(run, words),
    )


def log_page(logs: Sequence[views.LogLine], words: Words) -> RenderableType:
    if not logs:
        return Text("It said nothing.", style="dim")
    return Text("\n").join(_log_line(line, words) for line in logs)


def _facts(detail: views.RunDetail, words: Words) -> list[tuple[str, RenderableType | None]]:
    run = detail.run
    ended = f"{words.exact(run.ended_at)}, took {words.between(run.started_at, run.ended_at)}"
    return [
        ("trigger", run.trigger),
        ("version", words.id(run.version)),
        ("isolation", _isolation(detail)),
        ("created", f"{words.exact(run.created_at)} ({words.relative(run.created_at)})"),
        ("started", words.exact(run.started_at)),
        ("ended", ended if run.ended_at else None),
        ("reason", run.reason),
        ("goes on", f"{words.exact(run.wake_at)} ({words.relative(run.wake_at)})" if run.wake_at else None),
        ("parent", words.id(run.parent) if run.parent else None),
        ("cost", money(run.cost_usd) if run.cost_usd is not None else None),
        ("misfire", run.misfire),
        ("input", value(detail.input, BRIEF) if detail.input is not None else None),
        ("output", value(detail.output, BRIEF) if detail.output is not None else None),
        ("nothing to report", detail.nothing_to_report),
    ]


def _isolation(detail: views.RunDetail) -> str | None:
    """How far its processes were locked in; the weakest first, where that changed in between."""
    reached = {attempt.tier for attempt in detail.attempts if attempt.tier}
    return ", ".join(sorted(reached, key=views.TIERS.index)) or None


def _steps(detail: views.RunDetail, words: Words) -> RenderableType:
    start = detail.run.started_at or detail.run.created_at
    end = max([detail.run.ended_at or words.now, start])
    return page(*(_step(step, start, end, words) for step in detail.steps))


def _step(step: views.Step, start: datetime, end: datetime, words: Words) -> RenderableType:
    name = step.name if step.occurrence == 0 else f"{step.name}#{step.occurrence + 1}"
    bar = _bar(step.started_at, step.ended_at or words.now, start, end)
    took = words.between(step.started_at, step.ended_at)
    head = Text.assemble(bar, " ", state(step.state), "  ", (name, "bold"), (f"  {took}  {step.kind}", "dim"))
    details: list[tuple[str, RenderableType | None]] = [
        ("in", value(step.arguments, BRIEF) if step.arguments not in (None, [], {}) else None),
        ("out", value(step.result, BRIEF) if step.result is not None else None),
        ("run", words.id(step.child) if step.child else None),
        ("error", _error(step.error) if step.error else None),
    ]
    tries = [_try(attempt, words) for attempt in step.attempts] if len(step.attempts) > 1 else []
    return page(head, indented(facts([*details, *tries]), BAR + 1))


def _try(attempt: views.StepAttempt, words: Words) -> tuple[str, RenderableType]:
    told = state(attempt.outcome)
    told.append(f"  {words.clock(attempt.started_at)}, {words.between(attempt.started_at, attempt.ended_at)}", "dim")
    if attempt.error:
        told.append(f"  {_error(attempt.error)}")
    told.no_wrap = False
    return f"try {attempt.number}", told


def _bar(began: datetime, ended: datetime, start: datetime, end: datetime) -> Text:
    """When in the run it was: `──███───`."""
    whole = (end - start).total_seconds() or 1.0
    first = min(BAR - 1, max(0, int(BAR * (began - start).total_seconds() / whole)))
    last = min(BAR, max(first + 1, round(BAR * (ended - start).total_seconds() / whole)))
    return Text.assemble(("─" * first, "dim"), ("█" * (last - first), "cyan"), ("─" * (BAR - last), "dim"))


def _attempts(attempts: Sequence[views.Attempt], words: Words) -> RenderableType:
    made = table("attempt", "outcome", "started", "took", "pid")
    for attempt in attempts:
        made.add_row(
            str(attempt.number),
            state(attempt.outcome),
            words.exact(attempt.started_at),
            words.between(attempt.started_at, attempt.ended_at),
            f"{attempt.pid or '—'}{f' on {attempt.host}' if attempt.host else ''}",
        )
    return made


def _calls(calls: Sequence[views.Call], words: Words) -> RenderableType:
    made = table("at", "+step", "+what")
    for call in calls:
        what = Text(call.summary)
        if call.cost_usd is not None:
            what.append(f"  {money(call.cost_usd)}", style="dim")
        if call.error:
            what.append(f"  {_error(call.error)}", style="red")
        made.add_row(words.clock(call.at), f"{call.step} try {call.attempt}", what)
    return made


def _log_line(line: views.LogLine, words: Words) -> Text:
    style = {"warning": "yellow", "error": "red", "debug": "dim"}.get(line.level, "")
    told = Text.assemble((words.clock(line.at), "dim"), " ", (f"{line.level:<7}", style), " ", line.message)
    for name, data in line.fields.items():
        told.append(f" {name}={value(data, BRIEF)}", style="dim")
    return told


def _trouble(run: views.Run, words: Words) -> RenderableType | None:
    """What went wrong and what to do now; None where nothing did."""
    if run.error is None:
        return None
    told = Text(_error(run.error), style="red")
    if run.error.traceback:
        told.append(f"\n{run.error.traceback.rstrip()}", style="dim")
    told.append(f"\nLook at the skill: {words.command(f'skills show {run.skill}')}", style="bold")
    told.append(f"\nMend it by asking: {words.command('chat')}", style="bold")
    return section("What went wrong", told)


def _error(error: views.Error) -> str:
    return f"{error.type}: {error.message}"
