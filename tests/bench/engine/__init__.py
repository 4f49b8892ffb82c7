"""`python -m tests.bench engine`: what the engine costs, each figure beside its floor from the same minutes."""

from __future__ import annotations

from tests.bench.engine import history, schedules, start, steps, throughput, waiting
from tests.bench.engine.several import Several

BENCH = Several(
    {
        "steps": steps.measure,
        "start": start.measure,
        "throughput": throughput.measure,
        "waiting": waiting.measure,
        "schedules": schedules.measure,
        "history": history.measure,
    }
)
