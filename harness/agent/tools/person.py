"""The tool that waits for a person."""

from __future__ import annotations

from pydantic import Field

from harness.agent.tools.tool import Desk, Outcome, Tool


class AskPerson(Tool):
    """Ask the person one question and wait for the answer, for days if need be. For what you can neither find out nor
    sensibly choose: where to report, which threshold counts, whether to delete."""

    question: str = Field(min_length=1, max_length=1_000)
    choices: tuple[str, ...] = Field((), max_length=6, description="Answers to pick from; any other is possible.")

    def use(self, desk: Desk) -> Outcome:
        answered = desk.run.ask_person(self.question, self.choices)
        return Outcome(f"{answered.by} answers: {answered.answer}")
