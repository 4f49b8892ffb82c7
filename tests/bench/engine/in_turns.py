"""Several things measured in turns, with their floor: a busy machine is busy for all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.bench.engine.figure import Figure, Goal
from tests.bench.engine.stage import tell


def in_turns(
    measured: Mapping[str, Callable[[], float]],
    floor: Callable[[], float],
    floor_name: str,
    *,
    rounds: int,
    goal: Goal,
) -> list[Figure]:
    """Each tells how many milliseconds it took. One more round comes first, and does not count: it reads what is not
    in the cache yet."""
    taken: dict[str, list[float]] = {name: [] for name in measured}
    floors: list[float] = []
    for number in range(rounds + 1):
        tell(f"round {number} of {rounds}")
        for name, measure in measured.items():
            taken[name].append(measure())
        floors.append(floor())
    return [Figure(name, "ms", values[1:], floors[1:], floor_name, goal) for name, values in taken.items()]
