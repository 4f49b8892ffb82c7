"""`tend approvals …`: what waits for a person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.commands import grants
from harness.cli.commands.lengths import duration
from harness.cli.failure import USAGE, Failure
from harness.cli.terminal import Terminal, with_terminal

if TYPE_CHECKING:
    from sidecar.client import views

group = typer.Typer(name="approvals", help="What waits for a person.", no_args_is_help=True)
group.add_typer(grants.group)

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
def approve(
    terminal: Terminal,
    approval: Identifier,
    because: Because = "",
    always_for: Annotated[
        str | None,
        typer.Option(help="Say yes to the like of it too, for so long: 12h, 30d.", show_default=False),
    ] = None,
    any_of: Annotated[
        list[str] | None,
        typer.Option("--any", help="With --always-for: an argument that may be another then.", show_default=False),
    ] = None,
) -> None:
    """Answer yes: exactly what was shown is done."""
    if any_of and not always_for:
        next_ = terminal.command(f"approvals approve {approval} --always-for 30d --any {any_of[0]}")
        raise Failure("--any says what a standing approval leaves open", next_=next_, type_="usage", code=USAGE)
    lasts = duration(always_for, terminal.command("approvals approve --help")) if always_for else None
    _decide(terminal, approval, "yes", because, always_for=lasts, any_of=any_of or ())


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


@group.command()
@with_terminal
def rules(terminal: Terminal) -> None:
    """What needs a person's yes, and whose: [approvals] and [approvers] in tend.toml, over the defaults."""
    from harness.cli.pages.approvals import rules_page

    found = terminal.client.rules()
    terminal.answer(found, rules_page(found))


def _decide(
    terminal: Terminal,
    typed: str,
    decision: str,
    because: str,
    *,
    always_for: timedelta | None = None,
    any_of: Sequence[str] = (),
) -> None:
    found = terminal.client.approval(typed)
    if found.kind in ("question", "unknown"):
        wanted = "|".join(found.choices) if found.kind == "unknown" else '"your answer"'
        raise Failure(
            f"{found.id} is no yes-or-no question: {found.question}",
            next_=terminal.command(f"approvals answer {terminal.words.id(found.id)} {wanted}"),
            type_="question",
        )
    _answer(terminal, found, decision, because, always_for=always_for, any_of=any_of)


def _answer(
    terminal: Terminal,
    found: views.Approval,
    decision: str,
    because: str,
    *,
    always_for: timedelta | None = None,
    any_of: Sequence[str] = (),
) -> None:
    from harness.cli.pages.approvals import answered_line

    answered = terminal.client.answer(found.id, decision, because, always_for=always_for, any_of=any_of)
    if answered.outcome != "counted":
        next_ = terminal.command(f"approvals show {terminal.words.id(found.id)}")
        raise Failure(answered.said, next_=next_, type_=answered.outcome)
    terminal.answer(answered, answered_line(answered))
