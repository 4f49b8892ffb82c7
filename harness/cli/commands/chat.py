"""`tend chat`, and bare `tend`: talk to the agent."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from harness.cli.commands.piped import piped
from harness.cli.failure import USAGE, Failure
from harness.cli.terminal import Terminal, is_person, with_terminal

Prompt = Annotated[
    str | None, typer.Option("--prompt", "-p", help="Say this, print the reply, and leave.", show_default=False)
]
Session = Annotated[
    str | None, typer.Option("--session", metavar="ID", help="Go on with this session.", show_default=False)
]


@with_terminal
def chat(terminal: Terminal, prompt: Prompt = None, session: Session = None) -> None:
    """Talk to the agent: say what you need, and see it written, checked and run."""
    if prompt is None and not is_person():
        prompt = _piped()
    if prompt is None and terminal.as_json:
        raise Failure("--json wants a message", next_='tend chat --json -p "…"', type_="usage", code=USAGE)
    _need_a_model(terminal)
    if prompt is not None:
        from harness.cli.chat.once import once

        once(terminal, prompt, session)
    else:
        from harness.cli.chat.repl import Repl

        Repl(terminal, session).run()


def _piped() -> str:
    """What is piped in is the message."""
    text = "" if sys.stdin.isatty() else piped().strip()
    if not text:
        raise Failure("there is nobody to talk to", next_='tend chat -p "…"', type_="usage", code=USAGE)
    return text


def _need_a_model(terminal: Terminal) -> None:
    missing = terminal.client.status().model_missing
    if missing:
        raise Failure(
            f"no model is configured: set {missing}, and restart tend up. Skills run without one.",
            next_="tend demo",
            type_="no_model",
        )
