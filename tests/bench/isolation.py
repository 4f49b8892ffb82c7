"""What isolation costs: one attempt of a skill with one step, in each tier, and in a process that nothing holds; and
what a program takes longer in its box.

The worker is the real one, forked from a process that has the author API imported, as the zygote has; its questions are
answered without a journal. From before the scratch folder is made until the process is gone and so is the folder.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

from sidecar.execution.lines import Lines
from sidecar.execution.worker import work
from sidecar.execution.workers import Workers
from sidecar.isolation.box import obstacle
from sidecar.isolation.limits import Limits
from sidecar.isolation.lock_in import LockIn
from sidecar.isolation.scratch import make_scratch, remove_scratch
from sidecar.isolation.tiers import TIERS, reached
from skills.wire import Answer, Begin, Code, End, Go, Ok, Question, Start
from tests.bench.engine.figure import Figure, Goal
from tests.bench.engine.table import lines

MORE_AT_MOST, PROGRAM_MORE_AT_MOST = 5.0, 10.0  # ms
PROGRAM = ("true",)
BETWEEN = 0.1  # seconds between two programs, in which the next box is made
ROUNDS, QUICK_ROUNDS = 200, 20

SKILL = '''"""Do one thing."""

from skills import Run, skill, step


@step
def one() -> int:
    return 1


@skill()
def measured(run: Run) -> int:
    return run.step(one)
'''

START = Start(
    run="measured",
    skill="measured",
    version="0" * 64,
    attempt=1,
    trigger="call",
    rehearsal=False,
    code=Code(entry="skills/measured.py", function="measured", files={"skills/measured.py": SKILL}),
    input=None,
    zone="UTC",
    started=datetime(2026, 1, 1, tzinfo=UTC),
)

Measure: TypeAlias = Callable[[], float]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--quick", action="store_true", help="fewer rounds: it shows that it works, and not how well")
    parser.add_argument("--json", action="store_true")


def main(given: argparse.Namespace) -> int:
    tiers = TIERS[: TIERS.index(reached().tier) + 1]
    with tempfile.TemporaryDirectory(prefix="tend-bench-") as folder:
        root = Path(folder) / "scratch"
        places: dict[str, LockIn | None] = {"outside": None, **{tier: LockIn(tier) for tier in tiers}}
        taken = _interleaved(places, root, QUICK_ROUNDS if given.quick else ROUNDS)
        programs = _programs(Path(folder), QUICK_ROUNDS if given.quick else ROUNDS) if not obstacle() else []
    figures = [*(_figure(tier, taken) for tier in tiers), *programs]
    print(json.dumps([figure.as_json() for figure in figures], indent=2) if given.json else "\n".join(lines(figures)))
    return 0


def _interleaved(places: Mapping[str, LockIn | None], root: Path, rounds: int) -> dict[str, list[float]]:
    for lock_in in places.values():
        _attempt(lock_in, root)  # the first is not like the others
    taken: dict[str, list[float]] = {place: [] for place in places}
    for _ in range(rounds):
        for place, lock_in in places.items():
            taken[place].append(_attempt(lock_in, root))
    return taken


def _figure(tier: str, taken: Mapping[str, list[float]]) -> Figure:
    more = [with_it - without for with_it, without in zip(taken[tier], taken["outside"], strict=True)]
    return Figure(
        name=f"an attempt as {tier}, more than without",
        unit="ms",
        values=more,
        floor=taken["outside"],
        floor_name="the attempt without",
        goal=Goal("at most", MORE_AT_MOST),
    )


def _programs(folder: Path, rounds: int) -> list[Figure]:
    """A program that does nothing, by the real zygote, until its end is told; beside the same without a box."""
    taken, plain = [], []
    workers = Workers(folder / "workers.lock", folder / "scratch")
    try:
        workers.start()
        scratch = make_scratch(folder / "scratch")
        _boxed(workers, scratch)  # the first is not like the others
        for _ in range(rounds):
            time.sleep(BETWEEN)
            taken.append(_boxed(workers, scratch))
            plain.append(_plain())
        remove_scratch(scratch)
    finally:
        workers.close()
    return [
        Figure(
            name="a program in a box, more than without",
            unit="ms",
            values=[boxed - without for boxed, without in zip(taken, plain, strict=True)],
            floor=plain,
            floor_name="the program without",
            goal=Goal("at most", PROGRAM_MORE_AT_MOST),
        )
    ]


def _boxed(workers: Workers, scratch: Path) -> float:
    began = time.perf_counter()
    program = workers.execute(PROGRAM, scratch)
    program.exited.wait()
    program.sock.close()
    _require(program.status or 0)
    return (time.perf_counter() - began) * 1000


def _plain() -> float:
    began = time.perf_counter()
    _, status = os.waitpid(os.posix_spawnp(PROGRAM[0], PROGRAM, {}), 0)
    _require(status)
    return (time.perf_counter() - began) * 1000


def _require(status: int) -> None:
    if status != 0:
        raise RuntimeError(f"the process ended with {os.waitstatus_to_exitcode(status)}")


def _attempt(lock_in: LockIn | None, root: Path) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    scratch = make_scratch(root)
    with _forked(lock_in, scratch) as sock:
        _answer_all(Lines(sock))
    remove_scratch(scratch)
    return (time.perf_counter() - began) * 1000


@contextmanager
def _forked(lock_in: LockIn | None, scratch: Path) -> Iterator[socket.socket]:
    ours, theirs = socket.socketpair()
    if (child := os.fork()) == 0:
        try:
            ours.close()
            os.setsid()
            if lock_in:
                lock_in.close([theirs.fileno()], limits=Limits(), scratch=scratch)
            work(theirs)
        finally:
            os._exit(1)
    theirs.close()
    with ours:
        yield ours
    _, status = os.waitpid(child, 0)
    _require(status)


def _answer_all(talk: Lines) -> None:
    talk.send(START.model_dump_json())
    while line := talk.receive():
        question = Question.model_validate_json(line)
        body: Go | Ok = Go(attempt=1) if isinstance(question.body, Begin) else Ok()
        talk.send(Answer(id=question.id, body=body).model_dump_json())
        if isinstance(question.body, End):
            return
