"""`tend approvals …`: what waits for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.failure import Failure
from harness.cli.terminal import Terminal, with_terminal

if TYPE_CHECKING:
    from sidecar.client import views

group = typer.Typer(name="approvals", help="What waits for a person.", no_args_is_help=True)

Identifier = Annotated[
    str, typer.Argument(metavar="APPROVAL", help="Its id, or the first letters of it.", show_default=False)
]
Because = Annotated[str, typer.Option("--because", "--reason", help="Why; the skill and the agent are told.")]


@group.command("list")
@with_terminal
def list_approvals(terminal: Terminal) -> None:
    """The open ones: questions of skills (yes or no), of the agent (in words), and about what may have happened."""
    from harness.cli.pages.approvals import approval_list

    found = terminal.client.approvals()
    terminal.answer(found, approval_list(found, terminal.words))


@group.command()
@with_terminal
def show(terminal: Terminal, approval: Identifier) -> None:
    """One approval, whole: what a yes is bound to, and what became of it."""
    from harness.cli.pages.approvals import approval_page

    found = terminal.client.approval(approval)
    terminal.answer(found, approval_page(found, terminal.words))


@group.command()
@with_terminal
def approve(terminal: Terminal, approval: Identifier, because: Because = "") -> None:
    """Answer yes: exactly what was shown is done."""
    _decide(terminal, approval, "yes", because)


@group.command()
@with_terminal
def deny(terminal: Terminal, approval: Identifier, because: Because = "") -> None:
    """Answer no."""
    _decide(terminal, approval, "no", because)


@group.command()
@with_terminal
def answer(
    terminal: Terminal,
    approval: Identifier,
    words: Annotated[str, typer.Argument(help="The answer.", show_default=False)],
) -> None:
    """Answer the agent's question in words; or say `done` or `not-done` of a step during which Tend died."""
    _answer(terminal, terminal.client.approval(approval), words, because="")


def _decide(terminal: Terminal, typed: str, decision: str, because: str) -> None:
    found = terminal.client.approval(typed)
    if found.kind in ("question", "unknown"):
        wanted = "|".join(found.choices) if found.kind == "unknown" else '"your answer"'
        raise Failure(
            f"{found.id} is no yes-or-no question: {found.question}",
            next_=terminal.command(f"approvals answer {terminal.words.id(found.id)} {wanted}"),
            type_="question",
        )
    _answer(terminal, found, decision, because)


def _answer(terminal: Terminal, found: views.Approval, decision: str, because: str) -> None:
    from harness.cli.pages.approvals import answered_line

    answered = terminal.client.answer(found.id, decision, because)
    if answered.outcome != "counted":
        next_ = terminal.command(f"approvals show {terminal.words.id(found.id)}")
        raise Failure(answered.said, next_=next_, type_=answered.outcome)
    terminal.answer(answered, answered_line(answered))
