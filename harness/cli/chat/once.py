"""`tend chat -p "…"`: one message and its reply, for a person in a hurry or a program."""

from __future__ import annotations

import sys

from harness.cli.chat.conversation import Conversation, Turn
from harness.cli.chat.screen import Screen
from harness.cli.console import inert
from harness.cli.failure import Failure
from harness.cli.terminal import Terminal


def once(terminal: Terminal, prompt: str, session: str | None) -> None:
    """The reply goes to stdout, how it goes to stderr. Raises Failure where the run does."""
    conversation = Conversation(terminal.client, Screen(terminal.err, streaming=False), session)
    try:
        turn = conversation.say(prompt)
    except KeyboardInterrupt:
        conversation.cancel()
        raise
    if turn.asked is None and turn.run.state != "succeeded":
        raise _failure(terminal, turn)
    if terminal.as_json:
        terminal.answer_json(_told(turn, conversation.session))
        return
    if turn.reply:
        print(inert(turn.reply) if sys.stdout.isatty() else turn.reply)
    if turn.asked:
        print(inert(f"? {turn.asked.question}"))
        print(f'Answer with: {terminal.command(f"chat --session {conversation.session}")} -p "…"', file=sys.stderr)


def _told(turn: Turn, session: str | None) -> dict[str, object]:
    told: dict[str, object] = {
        "session": session,
        "run": turn.run.id,
        "reply": turn.reply,
        "cost_usd": turn.run.cost_usd,
    }
    return told | ({"question": turn.asked.question} if turn.asked else {})


def _failure(terminal: Terminal, turn: Turn) -> Failure:
    why = turn.run.error.message if turn.run.error else turn.run.reason or "no reason was stored"
    return Failure(
        f"the agent's run {turn.run.id} {turn.run.state}: {why}",
        next_=terminal.command(f"runs show {turn.run.id}"),
        type_=turn.run.state,
    )
