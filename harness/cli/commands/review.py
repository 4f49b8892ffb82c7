"""`tend review …`: what misfires, with the evidence, and the revisions that are proposed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.commands.picking import pick
from harness.cli.terminal import Terminal, with_terminal

if TYPE_CHECKING:
    from sidecar.client import views

group = typer.Typer(name="review", help="What misfires, and the revisions proposed for it.", no_args_is_help=True)

Identifier = Annotated[
    str, typer.Argument(metavar="PROPOSAL", help="Its id, or the first letters of it.", show_default=False)
]


@group.command()
@with_terminal
def now(
    terminal: Terminal,
    wait: Annotated[bool, typer.Option(help="Follow it until it has ended; exit 1 if it failed.")] = True,
) -> None:
    """Read the run history now, instead of on Friday."""
    from harness.cli.following import follow
    from harness.cli.pages.review import review_page
    from harness.cli.pages.runs import run_page, run_started

    started = terminal.client.review_now()
    if not wait:
        terminal.answer(started, run_started(started, terminal.words))
        return
    terminal.progress(run_started(started, terminal.words))
    detail = follow(terminal, started.id)
    if detail.run.state != "succeeded":
        terminal.answer(detail, run_page(detail, terminal.words))
        raise typer.Exit(1)
    review = terminal.client.review_latest()
    terminal.answer(review, review_page(review, terminal.words))


@group.command()
@with_terminal
def latest(terminal: Terminal) -> None:
    """The newest review: findings, evidence, and each proposal with its diff."""
    from harness.cli.pages.review import review_page

    review = terminal.client.review_latest()
    terminal.answer(review, review_page(review, terminal.words))


@group.command()
@with_terminal
def accept(terminal: Terminal, proposal: Identifier) -> None:
    """Make a proposed version live; exit 1 if it doesn't pass the check now."""
    from harness.cli.pages.report import verdict_page

    verdict = terminal.client.accept(_open(terminal, proposal).id)
    terminal.answer(verdict, verdict_page(verdict, terminal.words))
    if not verdict.live:
        raise typer.Exit(1)


@group.command()
@with_terminal
def dismiss(
    terminal: Terminal,
    proposal: Identifier,
    reason: Annotated[str, typer.Option(help="Why; the next review reads it.")] = "",
) -> None:
    """Turn a proposal down; it is not proposed again."""
    dismissed = terminal.client.dismiss(_open(terminal, proposal).id, reason)
    terminal.answer(dismissed, f"⊘ dismissed: {dismissed.skill} stays as it is.")


def _open(terminal: Terminal, typed: str) -> views.Proposal:
    return pick(
        typed,
        terminal.client.proposals(),
        lambda proposal: proposal.id,
        thing="open proposal",
        next_=terminal.command("review latest"),
    )
