"""Answer one message to the agent: recall, ask the model and carry out its calls until it has answered, remember."""

from __future__ import annotations

from harness.agent.history import history
from harness.agent.memory import Recalled
from harness.agent.message import Message, NotAnswered, Reply
from harness.agent.prompt import system_prompt
from harness.agent.revision import revision_text
from harness.agent.room import remembered
from harness.agent.tools.tool import Desk
from harness.agent.tools.toolbox import Toolbox
from harness.agent.turn import Turn
from skills import Run, skill
from skills.trusted import Trusted


@skill()
def agent(run: Run, message: Message) -> Reply:
    trusted = Trusted.of(run)
    recalled = Recalled.model_validate(trusted.command("chat.recall", session=message.session))
    turn = Turn(
        trusted,
        system_prompt(recalled),
        history(trusted, message.session, recalled),
        Toolbox(Desk(trusted, recalled.zone), only=message.revise.skill if message.revise else None),
    )
    reply = turn.answer(_text(trusted, message))
    trusted.command("chat.remember", session=message.session, messages=remembered(turn.messages))
    if reply.ended == "model_failed":
        raise NotAnswered(reply.text)
    return reply


def _text(run: Trusted, message: Message) -> str:
    if message.revise is None:
        return message.text
    source = run.command("skills.read", name=message.revise.skill)
    return revision_text(message.text, message.revise, source)
