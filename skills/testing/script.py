"""What a test scripts: values by name, each a constant, several in turn, or a callable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class Unscripted(BaseException):
    """The skill asked for something that the test did not script. No `Exception`: the skill must not handle it."""


class InTurn:
    """One value per use. Made by `in_turn`."""

    def __init__(self, values: Sequence[object]) -> None:
        self.values = values


def in_turn(*values: object) -> InTurn:
    """A different result at each use: `in_turn(TimeoutError("slow"), 3)` fails once, then gives 3."""
    return InTurn(values)


class Script:
    """The scripted answers to one kind of question (`option` is the argument of `rehearse` that holds them)."""

    def __init__(self, option: str, answers: Mapping[str, object]) -> None:
        self._option = option
        self._answers = answers
        self._used: dict[str, int] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._answers

    def next(self, name: str, /, *args: object, **kwargs: object) -> Any:
        """The next answer for `name`; a callable is called with the arguments. An exception is returned, not raised."""
        if name not in self._answers:
            raise Unscripted(f"{name!r} was not scripted: add {self._option}={{{name!r}: ...}} to rehearse(...)")
        answer = self._answers[name]
        if isinstance(answer, InTurn):
            answer = self._in_turn(name, answer.values)
        return answer(*args, **kwargs) if callable(answer) else answer

    def _in_turn(self, name: str, values: Sequence[object]) -> object:
        use = self._used.get(name, 0)
        self._used[name] = use + 1
        if use >= len(values):
            raise Unscripted(
                f"{name!r} was used {use + 1} times, {self._option}= has {len(values)} answers in turn; add one"
            )
        return values[use]
