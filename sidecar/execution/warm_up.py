"""A small run, executed by the zygote: what the author API and pydantic make at first use, each worker has from its
fork on, and need not make itself."""

from __future__ import annotations

from datetime import UTC, datetime

from skills.execute import execute
from skills.loading import load
from skills.port import Ask, Tell
from skills.wire import Answer, Begin, Code, End, Go, Ok, Question, Start, Succeeded

SKILL = """
from pydantic import BaseModel
from skills import Run, skill, step

class Seen(BaseModel):
    number: int

@step
def look(number: int) -> Seen:
    return Seen(number=number)

@skill()
def tend_warm_up(run: Run, number: int) -> int:
    return run.step(look, number).number
"""


class _Port:
    """Says yes to everything, in the words of the wire."""

    def ask(self, question: Ask) -> Tell:
        Question.model_validate_json(Question(id=1, body=question).model_dump_json())
        answer = Answer(id=1, body=Go(attempt=1) if isinstance(question, Begin) else Ok())
        return Answer.model_validate_json(answer.model_dump_json()).body


def warm_up() -> None:
    """Starts no thread and opens no descriptor: what is forked has none of either."""
    file = "skills/tend_warm_up.py"
    start = Start(
        run="",
        skill="tend_warm_up",
        version="",
        attempt=1,
        trigger="call",
        rehearsal=False,
        code=Code(entry=file, function="tend_warm_up", files={file: SKILL}),
        input=1,
        zone="UTC",
        started=datetime.now(UTC),
    )
    end = execute(Start.model_validate_json(start.model_dump_json()), _Port(), load(start.code))
    assert end == End(result=Succeeded(output=1)), end  # noqa: S101 # else each worker would fail too
