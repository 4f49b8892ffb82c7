"""A model that keeps those waiting who ask it, and a skill that does."""

from __future__ import annotations

from harness.demo.scripted_model import Hang, Request, ScriptedModel, Turn

ASKS = '''"""Ask a model."""

from skills import Run, skill


@skill(concurrency=1000)
def asks(run: Run, number: int) -> str:
    return run.ask("How are you?", number, returns=str)
'''


class Silent:
    """A model that says nothing, until it is told to `speak`."""

    def __init__(self) -> None:
        self.speaks = False
        self.server = ScriptedModel(self._answer)

    def _answer(self, _: Request) -> Turn:
        return Turn(text="fine", fault=None if self.speaks else Hang(after=1))
