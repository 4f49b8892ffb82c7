"""Random programs of run commands, and the model that says what becomes of one."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from random import Random

from pydantic import BaseModel

LEAVES = (
    *("add", "add", "flaky", "broken", "map", "sleep", "double", "remember", "recall", "now"),
    *("emit", "emit and wait", "wait in vain", "notify", "approve"),
)
TRIES = 3  # of a step, in all


class Command(BaseModel):
    does: str
    number: int = 0
    body: list[Command] = []


class Program(BaseModel):
    """`word` is in everything that it asks of the world. One that `fails` raises at its end."""

    word: str
    commands: list[Command]
    fails: bool = False


@dataclass
class Expected:
    """What is true when the program has ended, however often it was struck and replayed."""

    total: int = 0
    kept: int | None = None  # as the state has it, where the run ends well
    asked: Counter[str] = field(default_factory=Counter)  # path → how often
    refused: list[str] = field(default_factory=list)  # paths that answer 503 to everything
    refused_twice: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    events: int = 0
    children: int = 0
    approvals: int = 0


def random_program(chance: Random, word: str) -> Program:
    commands = [_random_command(chance, depth=0) for _ in range(chance.randint(3, 9))]
    return Program(word=word, commands=commands, fails=chance.random() < 0.15)


def _random_command(chance: Random, depth: int) -> Command:
    if depth < 2 and chance.random() < 0.2:
        body = [_random_command(chance, depth + 1) for _ in range(chance.randint(1, 3))]
        return Command(does=chance.choice(["loop", "if even"]), number=chance.randint(1, 3), body=body)
    return Command(does=chance.choice(LEAVES), number=chance.randint(1, 5))


class Model:
    """Carries out a program as the skill does, without a sidecar."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._place = 0
        self._put: int | None = None
        self.expected = Expected()

    def carry_out(self) -> Expected:
        self._all(self._program.commands)
        self.expected.kept = None if self._program.fails else self._put
        return self.expected

    def _all(self, commands: list[Command]) -> None:
        for command in commands:
            self._place += 1
            self._one(command, f"{self._program.word}/{self._place}")

    def _one(self, command: Command, path: str) -> None:
        expected, number = self.expected, command.number
        match command.does:
            case "loop":
                for _ in range(number):
                    self._all(command.body)
            case "if even":
                if expected.total % 2 == 0:
                    self._all(command.body)
            case "add":
                expected.asked[path] += 1
                expected.total += number
            case "flaky":
                expected.asked[path] += TRIES
                expected.refused_twice.append(path)
                expected.total += number
            case "broken":
                expected.asked[path] += TRIES
                expected.refused.append(path)
                expected.total += 1_000
            case "map":
                expected.asked.update(f"{path}-{item}" for item in range(number))
                expected.total += sum(range(number))
            case "double":
                expected.children += 1
                expected.asked[path] += 1
                expected.total += 2 * number
            case _:
                self._wordless(command.does, number, path)

    def _wordless(self, does: str, number: int, path: str) -> None:
        """What asks nothing of the world outside."""
        expected = self.expected
        match does:
            case "remember":
                self._put = expected.total
            case "recall":
                expected.total += self._put or 0
            case "emit":
                expected.events += 1
            case "emit and wait":
                expected.events += 1
                expected.total += number
            case "wait in vain":
                expected.total += 7
            case "notify":
                expected.notices.append(f"{path} {expected.total}")
            case "approve":
                expected.approvals += 1
                expected.total += 11 if number % 2 else 13
            case "now":
                expected.total += 1
            case _:
                assert does == "sleep", does
