"""What `from skills import ...` offers, and what it costs."""

from __future__ import annotations

import subprocess
import sys

import skills

HEAVY = {
    "anthropic",
    "apscheduler",
    "asyncio",
    "httpx2",
    "mypy",
    "sidecar",
    "harness",
    "sqlalchemy",
    "ssl",
    "starlette",
}


def test_the_surface_is_exactly_this() -> None:
    assert skills.__all__ == [
        "Approval",
        "Approved",
        "BadStatus",
        "EffectFailed",
        "Expect",
        "Failure",
        "InsideStep",
        "Irreversible",
        "Misdeclared",
        "OutsideStep",
        "Run",
        "Secret",
        "Skill",
        "Step",
        "StepFailed",
        "TendError",
        "WrongType",
        "at",
        "cron",
        "event",
        "every",
        "failed",
        "files",
        "http",
        "secret",
        "shell",
        "skill",
        "step",
        "succeeded",
        "webhook",
    ]
    assert all(hasattr(skills, name) for name in skills.__all__)


def test_importing_it_brings_in_nothing_heavy() -> None:
    code = "import sys, skills, skills.execute, skills.loading; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert HEAVY.isdisjoint(done.stdout.split())


def test_decorating_registers_nothing() -> None:
    before = set(vars(sys.modules["skills.definition"]))

    @skills.skill()
    def nowhere(run: skills.Run) -> None: ...

    assert set(vars(sys.modules["skills.definition"])) == before
