"""When in a run each thing was: bars on one scale, for an SVG, since the page's policy allows no style in its HTML."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from harness.web.side_by_side import key_of
from sidecar.client import views

WIDTH = 1000.0  # of the scale, in the SVG's own units
NARROWEST = 3.0


@dataclass(frozen=True)
class Bar:
    kind: str  # queued, waiting, or a state
    x: float
    width: float
    told: str


@dataclass(frozen=True)
class Row:
    name: str
    state: str
    step: views.Step | None
    child: views.Run | None
    bars: tuple[Bar, ...]
    began: datetime
    ended: datetime | None


def waterfall(detail: views.RunDetail, now: datetime) -> list[Row]:
    """The run itself, then its steps in order, each with its attempts; below an invoked run's step, that run."""
    run = detail.run
    scale = _Scale(run.created_at, run.ended_at or now)
    children = {child.id: child for child in detail.children}
    rows = [Row("run", run.state, None, None, tuple(_of_run(detail, scale)), run.created_at, run.ended_at)]
    for step in detail.steps:
        rows.append(
            Row(key_of(step), step.state, step, None, tuple(_of_step(step, scale)), step.started_at, step.ended_at)
        )
        child = children.pop(step.child or "", None)
        if child:
            rows.append(_of_child(child, scale))
    return rows + [_of_child(child, scale) for child in children.values()]


@dataclass(frozen=True)
class Spent:
    """What a run's time went to, in seconds."""

    queued: float  # before its first attempt
    running: float  # in attempts
    waiting: float  # between them, and since the last: for a time, an event, a person, a retry


def spent(detail: views.RunDetail, now: datetime) -> Spent:
    run, attempts = detail.run, detail.attempts
    end = run.ended_at or now
    first = attempts[0].started_at if attempts else end
    running = sum(((each.ended_at or end) - each.started_at).total_seconds() for each in attempts)
    queued = (first - run.created_at).total_seconds()
    return Spent(queued, running, max(0.0, (end - run.created_at).total_seconds() - queued - running))


class _Scale:
    def __init__(self, start: datetime, end: datetime) -> None:
        self.start, self.end = start, end
        self._whole = (end - start).total_seconds() or 1.0

    def bar(self, kind: str, start: datetime, end: datetime | None, told: str) -> Bar:
        first = self._at(start)
        width = max(NARROWEST, self._at(end or self.end) - first)
        return Bar(kind, round(min(first, WIDTH - NARROWEST), 1), round(width, 1), told)

    def _at(self, moment: datetime) -> float:
        share = (moment - self.start).total_seconds() / self._whole
        return WIDTH * min(1.0, max(0.0, share))


def _of_run(detail: views.RunDetail, scale: _Scale) -> Iterator[Bar]:
    """Before each attempt it was queued, or waited for something."""
    before = detail.run.created_at
    for attempt in detail.attempts:
        kind = "queued" if attempt.number == 1 else "waiting"
        if attempt.started_at > before:
            yield scale.bar(kind, before, attempt.started_at, kind)
        yield scale.bar(attempt.outcome, attempt.started_at, attempt.ended_at, f"attempt {attempt.number}")
        before = attempt.ended_at or scale.end
    if detail.run.state in ("queued", "waiting"):
        yield scale.bar(detail.run.state, before, None, detail.run.state)


def _of_step(step: views.Step, scale: _Scale) -> Iterator[Bar]:
    """Its attempts; what is between them, and a step that the sidecar answers itself, is waiting."""
    kind = "waiting" if step.attempts or step.state == "waiting" else step.state
    yield scale.bar(kind, step.started_at, step.ended_at, step.state)
    for attempt in step.attempts:
        yield scale.bar(attempt.outcome, attempt.started_at, attempt.ended_at, f"try {attempt.number}")


def _of_child(child: views.Run, scale: _Scale) -> Row:
    bar = scale.bar(child.state, child.started_at or child.created_at, child.ended_at, child.state)
    return Row(child.skill, child.state, None, child, (bar,), child.created_at, child.ended_at)
