"""`tend skills …`: what is installed, and what may be done with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.commands.json_given import json_given
from harness.cli.commands.picking import pick
from harness.cli.commands.stop import Because
from harness.cli.terminal import Terminal, with_terminal

if TYPE_CHECKING:
    from sidecar.client import views

group = typer.Typer(name="skills", help="What is installed, and what may be done with it.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The skill's name.", show_default=False)]


@group.command("list")
@with_terminal
def list_skills(terminal: Terminal) -> None:
    """Every skill: when it runs next, and how it went last."""
    from harness.cli.pages.skills import skill_table

    found = terminal.client.skills()
    terminal.answer(found, skill_table(found, terminal.words))


@group.command()
@with_terminal
def show(terminal: Terminal, name: Name) -> None:
    """One skill: its purpose, schedule, what it may touch, its versions and last runs."""
    from harness.cli.pages.skills import skill_page

    detail = terminal.client.skill(name)
    last = terminal.client.runs(skill=name, limit=5)
    if terminal.as_json:
        shown = detail.model_dump(mode="json") | {"last_runs": [run.model_dump(mode="json") for run in last]}
        terminal.answer_json(shown)
    else:
        terminal.out.print(skill_page(detail, last, terminal.words))


@group.command()
@with_terminal
def check(terminal: Terminal, name: Name) -> None:
    """Check the file as it is now; exit 1 where it has problems."""
    from harness.cli.pages.report import report_page

    report = terminal.client.check(name)
    terminal.answer(report, report_page(report))
    if not report.passed:
        raise typer.Exit(1)


@group.command()
@with_terminal
def run(
    terminal: Terminal,
    name: Name,
    given: Annotated[
        str | None, typer.Option("--input", help="The run's input: JSON, @FILE, or - for stdin.", show_default=False)
    ] = None,
    rehearse: Annotated[bool, typer.Option("--rehearse", help="Read for real; write, notify and ask nobody.")] = False,
    wait: Annotated[bool, typer.Option(help="Follow the run until it has ended; exit 1 if it failed.")] = True,
) -> None:
    """Start a run now, and follow it."""
    from harness.cli.following import follow
    from harness.cli.pages.runs import run_page, run_started

    payload = json_given(given, as_="--input", example='tend skills run NAME --input \'{"key": "value"}\'')
    started = terminal.client.run_skill(name, payload, rehearsal=rehearse)
    if not wait:
        terminal.answer(started, run_started(started, terminal.words))
        return
    terminal.progress(run_started(started, terminal.words))
    detail = follow(terminal, started.id)
    terminal.answer(detail, run_page(detail, terminal.words))
    if detail.run.state != "succeeded":
        raise typer.Exit(1)


@group.command()
@with_terminal
def pause(
    terminal: Terminal, name: Name, reason: Annotated[str, typer.Option(help="Why; shown until it is resumed.")] = ""
) -> None:
    """Start no more runs of it until it is resumed."""
    skill = terminal.client.pause(name, reason)
    terminal.answer(skill, f"⏸ {name} is paused. Go on with: {terminal.command(f'skills resume {name}')}")


@group.command()
@with_terminal
def resume(terminal: Terminal, name: Name) -> None:
    """Let its triggers start runs again, whether a person held it or its failures did."""
    skill = terminal.client.resume(name)
    terminal.answer(skill, f"● {name} is live again; next {terminal.words.relative(skill.next_at)}.")


@group.command()
@with_terminal
def stop(terminal: Terminal, name: Name, because: Because = "") -> None:
    """End what is under way of it, and let none of its runs begin until it is started again."""
    from harness.cli.pages.stop import stopped_page

    halt = terminal.client.stop(name, because)
    terminal.answer(halt, stopped_page(halt, terminal.words))


@group.command()
@with_terminal
def start(terminal: Terminal, name: Name) -> None:
    """Go on after `tend skills stop`: what was under way goes on from its last step."""
    from harness.cli.pages.stop import started_page

    halt = terminal.client.start(name)
    terminal.answer(halt, started_page(halt, terminal.words))


@group.command()
@with_terminal
def rm(terminal: Terminal, name: Name) -> None:
    """Delete the file and retire the skill; its versions and runs stay."""
    version = terminal.client.skill(name).skill.version
    terminal.client.remove(name)
    back = terminal.command(f"skills restore {name} {terminal.words.id(version)}") if version else None
    if terminal.as_json:
        terminal.answer_json({"removed": name, "version": version})
    else:
        terminal.out.print(f"○ {name} is retired." + (f" Bring it back with: {back}" if back else ""))


@group.command()
@with_terminal
def history(terminal: Terminal, name: Name) -> None:
    """Its versions, and who made each and why."""
    from harness.cli.pages.skills import version_table

    versions = terminal.client.history(name)
    terminal.answer(versions, version_table(versions, terminal.words))


@group.command()
@with_terminal
def diff(
    terminal: Terminal,
    name: Name,
    old: Annotated[str | None, typer.Argument(help="A version; left out, the one before.", show_default=False)] = None,
    new: Annotated[str | None, typer.Argument(help="A version; left out, the active one.", show_default=False)] = None,
) -> None:
    """What changed between two versions."""
    from harness.cli.pages.diff import diff_page

    versions = terminal.client.history(name) if old or new else []
    between = terminal.client.diff(
        name, old and _version(terminal, name, versions, old), new and _version(terminal, name, versions, new)
    )
    terminal.answer(between, diff_page(between.text))


@group.command()
@with_terminal
def restore(
    terminal: Terminal, name: Name, version: Annotated[str, typer.Argument(help="From history.", show_default=False)]
) -> None:
    """Write an earlier version back to the file; exit 1 if it doesn't pass the check now."""
    from harness.cli.pages.report import verdict_page

    whole = _version(terminal, name, terminal.client.history(name), version)
    verdict = terminal.client.restore(name, whole)
    terminal.answer(verdict, verdict_page(verdict, terminal.words))
    if not verdict.live:
        raise typer.Exit(1)


def _version(terminal: Terminal, name: str, versions: list[views.Version], typed: str) -> str:
    next_ = terminal.command(f"skills history {name}")
    return pick(typed, versions, lambda version: version.hash, thing=f"version of {name!r}", next_=next_).hash
