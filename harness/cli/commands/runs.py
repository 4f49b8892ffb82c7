"""`tend runs …`: what ran, step by step."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import typer

from harness.cli.commands.json_given import json_given
from harness.cli.commands.selection import Limit, OfVersion, Selection, Since, Skill, Until, Yes, agree
from harness.cli.failure import USAGE, Failure
from harness.cli.terminal import Terminal, with_terminal

group = typer.Typer(name="runs", help="What ran, step by step.", no_args_is_help=True)

Run = Annotated[str, typer.Argument(metavar="RUN", help="Its id, or the first letters of it.", show_default=False)]
OneOrMany = Annotated[
    str | None, typer.Argument(metavar="RUN", help="Its id, or the first letters of it.", show_default=False)
]
# The same words as views.RunState, which is not imported for the sake of a quick start.
State: TypeAlias = Literal["queued", "running", "waiting", "succeeded", "failed", "cancelled"]
NOT_OVER: tuple[State, ...] = ("queued", "running", "waiting")
Version: TypeAlias = Literal["active", "same"]


@group.command("list")
@with_terminal
def list_runs(
    terminal: Terminal,
    skill: Annotated[str | None, typer.Option(help="Only this skill's.", show_default=False)] = None,
    state: Annotated[State | None, typer.Option(help="Only those in this state.", show_default=False)] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 20,
) -> None:
    """The latest runs."""
    from harness.cli.pages.runs import run_table

    found = terminal.client.runs(skill=skill, state=state, limit=limit)
    if skill and not found:
        terminal.client.skill(skill)  # refused where there is none of that name
    terminal.answer(found, run_table(found, terminal.words, narrowed=bool(skill or state)))


@group.command()
@with_terminal
def show(terminal: Terminal, run: Run) -> None:
    """One run: its steps with inputs, outputs and attempts, what it did to the world, and how it ended."""
    from harness.cli.pages.runs import run_page
    from sidecar.client.views import EVERY_STEP

    detail = terminal.client.run(run, step=EVERY_STEP if terminal.as_json else None)
    terminal.answer(detail, run_page(detail, terminal.words))


@group.command()
@with_terminal
def logs(terminal: Terminal, run: Run) -> None:
    """What a run said."""
    from harness.cli.pages.runs import log_page

    detail = terminal.client.run(run)
    terminal.answer(detail.logs, log_page(detail.logs, terminal.words))


@group.command()
@with_terminal
def rerun(
    terminal: Terminal,
    run: OneOrMany = None,
    from_step: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="STEP", help="Begin with what it remembered before this step.", show_default=False
        ),
    ] = None,
    given: Annotated[
        str | None,
        typer.Option("--input", help="Another input than it had: JSON, @FILE, or - for stdin.", show_default=False),
    ] = None,
    version: Annotated[Version, typer.Option(help="The skill as it is now, or the same version as then.")] = "active",
    skill: Skill = None,
    state: Annotated[
        State | None, typer.Option(help="Of many, those that ended so; else those that failed.", show_default=False)
    ] = None,
    since: Since = None,
    until: Until = None,
    of_version: OfVersion = None,
    limit: Limit = 100,
    yes: Yes = False,
) -> None:
    """Run it once more, as a new run: from its beginning, or from one of its steps. Without RUN, many."""
    from harness.cli.pages.runs import outcome_page, run_started

    if run is None:
        if from_step or given is not None:
            raise Failure("--from and --input are for one run", next_=terminal.command("runs rerun RUN"), code=USAGE)
        chosen = Selection(skill, state, since, until, of_version, limit).find(terminal, ("failed",))
        agree(terminal, chosen, "rerun", yes=yes)
        told = terminal.client.rerun_many([each.id for each in chosen], version)
        return terminal.answer(told, outcome_page(told, terminal.words))
    example = 'tend runs rerun RUN --input \'{"key": "value"}\''
    payload = json_given(given, as_="--input", example=example)
    if given is not None and payload is None:
        raise Failure("null is no other input; without --input it has its own", next_=example, code=USAGE)
    whole = terminal.client.run(run).run.id
    started = terminal.client.rerun(whole, from_step=from_step, payload=payload, version=version)
    return terminal.answer(started, run_started(started, terminal.words))


@group.command()
@with_terminal
def cancel(
    terminal: Terminal,
    run: OneOrMany = None,
    reason: Annotated[str, typer.Option(help="Why; stored with the run.")] = "",
    skill: Skill = None,
    state: Annotated[State | None, typer.Option(help="Of many, those in this state.", show_default=False)] = None,
    since: Since = None,
    until: Until = None,
    of_version: OfVersion = None,
    limit: Limit = 100,
    yes: Yes = False,
) -> None:
    """Stop a run, and the runs that it waits for. Without RUN, many."""
    from harness.cli.pages.runs import outcome_page, run_line

    if run is None:
        chosen = Selection(skill, state, since, until, of_version, limit).find(terminal, NOT_OVER)
        agree(terminal, chosen, "cancel", yes=yes)
        told = terminal.client.cancel_many([each.id for each in chosen], reason)
        return terminal.answer(told, outcome_page(told, terminal.words))
    whole = terminal.client.run(run).run.id
    cancelled = terminal.client.cancel(whole, reason)
    return terminal.answer(cancelled, run_line(cancelled, terminal.words))
