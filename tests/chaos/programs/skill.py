"""The skill that carries out a program, and the one that it invokes."""

from __future__ import annotations

DOUBLE = '''"""Twice the number."""

from datetime import timedelta

from pydantic import BaseModel

from skills import Run, http, skill, step


class Asked(BaseModel):
    path: str
    number: int


@step
def double_it(asked: Asked) -> int:
    http.post(f"http://HOST/{asked.path}").raise_for_status()
    return 2 * asked.number


@skill(hosts=["HOST"], concurrency=500)
def double(run: Run, asked: Asked) -> int:
    run.sleep(timedelta(milliseconds=10))
    return run.step(double_it, asked)
'''

PROGRAM = '''"""Carry out the program that is given."""

from __future__ import annotations

from datetime import timedelta

from pydantic import BaseModel

from skills import Run, Skill, StepFailed, http, skill, step


class Command(BaseModel):
    does: str
    number: int = 0
    body: list[Command] = []


class Program(BaseModel):
    word: str
    commands: list[Command]
    fails: bool = False


class Asked(BaseModel):
    path: str
    number: int


class Machine(BaseModel):
    word: str
    total: int = 0
    place: int = 0


doubled = Skill.named("double", takes=Asked, returns=int)


@step(attempts=3, backoff=timedelta(milliseconds=10))
def add(asked: Asked) -> int:
    http.post(f"http://HOST/{asked.path}").raise_for_status()
    return asked.number


def all_of(run: Run, machine: Machine, commands: list[Command]) -> None:
    for command in commands:
        machine.place += 1
        one(run, machine, command, f"{machine.word}/{machine.place}")


def one(run: Run, machine: Machine, command: Command, path: str) -> None:
    number = command.number
    match command.does:
        case "loop":
            for _ in range(number):
                all_of(run, machine, command.body)
        case "if even":
            if machine.total % 2 == 0:
                all_of(run, machine, command.body)
        case "add" | "flaky":
            machine.total += run.step(add, Asked(path=path, number=number))
        case "broken":
            try:
                run.step(add, Asked(path=path, number=number))
            except StepFailed:
                machine.total += 1_000
        case "map":
            items = [Asked(path=f"{path}-{item}", number=item) for item in range(number)]
            machine.total += sum(run.map(add, items, at_once=3))
        case "sleep":
            run.sleep(timedelta(milliseconds=10 * number))
        case "double":
            machine.total += run.invoke(doubled, Asked(path=path, number=number))
        case "remember":
            run.state.put(machine.word, machine.total)
        case "recall":
            machine.total += run.state.get(machine.word, int, 0)
        case "now":
            machine.total += int(run.now >= run.started)
        case "emit":
            run.emit("told", path)
        case "emit and wait":
            run.emit(path.replace("/", "."), number)
            machine.total += run.wait_for(path.replace("/", "."), int, timeout=timedelta(minutes=5)) or 0
        case "wait in vain":
            came = run.wait_for(f"never.{machine.word}", int, timeout=timedelta(milliseconds=20))
            machine.total += 7 if came is None else 0
        case "notify":
            run.notify("#programs", f"{path} {machine.total}")
        case "approve":
            machine.total += 11 if run.approve("yes" if number % 2 else "no") else 13
        case _:
            raise ValueError(f"what is {command.does}?")


@skill(hosts=["HOST"], concurrency=500)
def program(run: Run, program: Program) -> int:
    machine = Machine(word=program.word)
    all_of(run, machine, program.commands)
    if program.fails:
        raise ValueError("as it was told")
    return machine.total
'''
