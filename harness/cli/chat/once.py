"""`tend chat -p "…"`: one message and its reply, for a person in a hurry or a program."""

from __future__ import annotations

import shlex
import sys

from harness.cli.chat.conversation import Conversation, Turn
from harness.cli.chat.screen import Screen
from harness.cli.console import inert
from harness.cli.failure import Failure
from harness.cli.terminal import Terminal
from sidecar.client import views


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
        choices = f" ({' · '.join(turn.choices)})" if turn.choices else ""
        print(inert(f"? {turn.asked.question}{choices}"))
        print(inert("\n".join(_how_to_answer(terminal, turn, turn.asked, conversation.session))), file=sys.stderr)


def _how_to_answer(terminal: Terminal, turn: Turn, asked: views.Approval, session: str | None) -> list[str]:
    """What to type: this process is over, so the answer goes to the session, or to the approval."""
    if asked.kind != "question":
        decide = [terminal.command(f"approvals {how} {asked.id}") for how in ("approve", "deny")]
        return ["Answer with one of these:", *(f"  {command}" for command in decide)]
    say = f"{terminal.command(f'chat --session {session}')} -p"
    if not turn.choices:
        return [f'Answer with: {say} "…"']
    head = "Answer with one of these, or in other words:"
    return [head, *(f"  {say} {shlex.quote(choice)}" for choice in turn.choices)]


def _told(turn: Turn, session: str | None) -> dict[str, object]:
    told: dict[str, object] = {
        "session": session,
        "run": turn.run.id,
        "reply": turn.reply,
        "cost_usd": turn.run.cost_usd,
    }
    return told | ({"question": turn.asked.question, "choices": list(turn.choices)} if turn.asked else {})


def _failure(terminal: Terminal, turn: Turn) -> Failure:
    why = turn.run.error.message if turn.run.error else turn.run.reason or "no reason was stored"
    return Failure(
        f"the agent's run {turn.run.id} {turn.run.state}: {why}",
        next_=terminal.command(f"runs show {turn.run.id}"),
        type_=turn.run.state,
    )
