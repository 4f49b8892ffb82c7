"""A port that plays back answers, and keeps the questions: the sidecar's side of the protocol, line by line."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from skills.definition import Skill
from skills.execute import execute
from skills.port import Ask, Tell
from skills.wire import Code, End, Json, Log, Ok, Start


class PlayedPort:
    """Gives the answers in order; log lines are always answered with Ok."""

    def __init__(self, *answers: Tell) -> None:
        self.answers = list(answers)
        self.questions: list[Ask] = []

    def ask(self, question: Ask) -> Tell:
        self.questions.append(question)
        return Ok() if isinstance(question, Log) else self.answers.pop(0)


def start(skill: Skill[..., Any], input_: Json = None, **changes: Any) -> Start:
    given: dict[str, Any] = {
        "run": "r1",
        "skill": skill.name,
        "version": "v1",
        "attempt": 1,
        "trigger": "call",
        "rehearsal": False,
        "code": Code(entry=f"skills/{skill.name}.py", function=skill.name),
        "input": input_,
        "zone": "Europe/Berlin",
        "started": datetime(2027, 1, 1, 8, tzinfo=UTC),
    }
    return Start(**{**given, **changes})


def play(
    skill: Skill[..., Any],
    *answers: Tell,
    input_: Json = None,
    pauses: list[float] | None = None,
    **changes: Any,
) -> tuple[End, Sequence[Ask]]:
    """Execute one attempt; the End, and what was asked. All answers have to be used up."""
    port = PlayedPort(*answers)
    waited: list[float] = [] if pauses is None else pauses
    end = execute(start(skill, input_, **changes), port, skill, pause=waited.append)
    assert port.answers == [], "the skill asked for less than was expected"
    return end, port.questions
