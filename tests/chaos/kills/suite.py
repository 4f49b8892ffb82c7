"""kill -9 at every durable operation of every shape of a run: each once, then two of them one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count, islice
from random import Random

from tests.chaos.kills.shapes import CHILD, SHAPES, Shape
from tests.chaos.kills.story import Story
from tests.chaos.quick_sidecar import QuickSidecar
from tests.chaos.suite import Suite
from tests.support.sink import Sink


class Kills(Suite):
    """A case is `map worker.finish.before:2`; with a second point after it, that is armed when the first has struck."""

    name = "kills"
    promise = "a run that is killed anywhere ends as if nothing had happened"
    small = 10
    full = 2_500

    def open(self) -> None:
        self._sink = self.opened.enter_context(Sink())
        self._sidecar = self.opened.enter_context(QuickSidecar(self.folder))
        self._words = (f"word{number}" for number in count(1))
        for shape in (CHILD, *SHAPES):
            self._sidecar.put(shape.name, shape.text(self._sink.host))

    def cases(self, count: int) -> Iterable[str]:
        points = self._enumerate()
        self.figures["points there are"] = sum(len(found) for found in points.values())
        return islice(_cases(points, self.seed), count)

    def run(self, case: str) -> None:
        name, *strikes = case.split(" ")
        shape = next(each for each in SHAPES if each.name == name)
        story = Story(self._sidecar, self._sink, shape, next(self._words), strikes)
        try:
            story.tell()
        finally:
            self._sink.forget()
            self.figures["kills"] += len(story.struck)
            self.figures["not reached"] += len(strikes) - len(story.struck)
            for struck in story.struck:
                self.figures[f"of the {_process(struck)}"] += 1

    def _enumerate(self) -> dict[str, list[str]]:
        """Every pass of every point, by shape; counted in a run that nobody strikes."""
        return {shape.name: self._passes(shape) for shape in SHAPES}

    def _passes(self, shape: Shape) -> list[str]:
        story = Story(self._sidecar, self._sink, shape, next(self._words), [])
        self._sidecar.failpoints.count()
        story.tell()
        self._sink.forget()
        return sorted(f"{name}:{number}" for name, times in story.passed.items() for number in range(1, times + 1))


def _cases(points: dict[str, list[str]], seed: int) -> Iterator[str]:
    """Each point once, then pairs without end. A point that comes or goes moves no other in this order."""
    once = [f"{shape} {point}" for shape, found in points.items() for point in found]
    yield from sorted(once, key=lambda case: Random(f"{seed} {case}").random())
    for number in count():
        chance = Random(f"{seed} pair {number}")
        shape = chance.choice(list(points))
        first, second = chance.choices(points[shape], k=2)
        yield f"{shape} {first} {second}"


def _process(struck: str) -> str:
    """Which kind of process passes this point."""
    part = struck.partition(".")[0]
    return part if part in ("worker", "gateway", "zygote") else "sidecar"
