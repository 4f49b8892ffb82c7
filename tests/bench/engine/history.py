"""What it takes to list and to show runs where a million steps are stored, as the command line asks for them. The
floor is a command that reads next to nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from hashlib import sha256
from itertools import islice
from typing import Any

from sqlalchemy.engine import Connection

from sidecar.client import Client, views
from sidecar.store import Store
from sidecar.store.schema import attempts, runs, step_attempts, steps
from tests.bench.engine.figure import Figure, Goal
from tests.bench.engine.in_turns import in_turns
from tests.bench.engine.stage import Stage, tell
from tests.support.live_sidecar import LiveSidecar

SKILLS = 100
STEPS = 10  # of each run
FAILS = 1_000  # every so manieth run has failed
RUNS_AT_ONCE = 1_000  # that one transaction stores
GOAL = Goal("at most", 50)  # milliseconds


def measure(stage: Stage) -> list[Figure]:
    count, rounds = stage.size(100_000, 2_000), stage.size(30, 5)
    with stage.folder() as folder:
        sidecar = stage.sidecar_in(folder)
        remember(sidecar, count)
        with sidecar:
            client = sidecar.client
            words = f"{count * STEPS:,} steps stored"
            asked = {f"{name}, {words}": partial(_timed, ask) for name, ask in _questions(client, count).items()}
            floor = partial(_timed, client.approvals)
            return in_turns(asked, floor, "a small command", rounds=rounds, goal=GOAL)


def _questions(client: Client, count: int) -> dict[str, Callable[[], object]]:
    some = run_id(count // 2)
    return {
        "list": client.runs,
        "search for a text that no run has": partial(client.search, views.Narrowed(), "nothing like it"),
        "list of a skill": partial(client.runs, skill="skill_7"),
        "list of those that failed": partial(client.runs, state="failed"),
        "list of a skill's that failed": partial(client.runs, skill="skill_7", state="failed"),
        "list of a skill's that wait": partial(client.runs, skill="skill_7", state="waiting"),
        "show": partial(client.run, some),
        "show by its first letters": partial(client.run, some[:12]),
        "status": client.status,
    }


def _timed(ask: Callable[[], object]) -> float:
    started = time.perf_counter()
    ask()
    return (time.perf_counter() - started) * 1000


# ---------------------------------------------------------------- what is stored


def remember(sidecar: LiveSidecar, count: int) -> None:
    """That many runs, the newest one minute old, one each minute."""
    numbers = iter(range(count))
    with Store(sidecar.client.settings.database) as store:
        while some := list(islice(numbers, RUNS_AT_ONCE)):
            tell(f"history: {some[0]:,} of {count:,} runs stored")
            ended = [time.time() - 60 * (count - number) for number in some]
            store.write(partial(_insert, some, ended))


def _insert(numbers: Sequence[int], ended: Sequence[float], connection: Connection) -> None:
    of_runs = [_run(number, at) for number, at in zip(numbers, ended, strict=True)]
    of_steps = [(number, step, at) for number, at in zip(numbers, ended, strict=True) for step in range(STEPS)]
    connection.execute(runs.insert(), of_runs)
    connection.execute(
        attempts.insert(),
        [{"run": run["id"], "number": 1, "outcome": run["state"], "started_at": run["started_at"]} for run in of_runs],
    )
    connection.execute(steps.insert(), [_step(*one) for one in of_steps])
    connection.execute(step_attempts.insert(), [_step_attempt(*one) for one in of_steps])


def _run(number: int, ended: float) -> dict[str, Any]:
    return {
        "id": run_id(number),
        "skill": f"skill_{number % SKILLS}",
        "version": "0" * 64,
        "state": "succeeded" if number % FAILS else "failed",
        "trigger": "call",
        "rehearsal": False,
        "output": {"number": number},
        "attempts": 1,
        "ready_at": ended - 2,
        "created_at": ended - 2,
        "started_at": ended - 1,
        "ended_at": ended,
    }


def _step(number: int, step: int, ended: float) -> dict[str, Any]:
    return {
        **_key(number, step),
        "seq": step + 1,
        "kind": "step",
        "state": "succeeded",
        "arguments_hash": "0" * 64,
        "arguments": {"number": number},
        "result": number,
        "tries": 1,
        "started_at": ended - 1,
        "ended_at": ended,
    }


def _step_attempt(number: int, step: int, ended: float) -> dict[str, Any]:
    return {**_key(number, step), "number": 1, "outcome": "succeeded", "started_at": ended - 1, "ended_at": ended}


def _key(number: int, step: int) -> dict[str, Any]:
    return {"run": run_id(number), "name": "measured", "occurrence": step}


def run_id(number: int) -> str:
    return sha256(str(number).encode()).hexdigest()[:16]
