"""Whatever a skill does, its run ends with a verdict, nothing of it is left, and the sidecar goes on. (I10, I13, I17)

A skill that gets past the check does one hostile thing after another, all of them side by side with good runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import JsonValue

from sidecar.client import views
from sidecar.isolation.tiers import reached
from tests.isolation.hostile_skill import KINDS
from tests.support.live_sidecar import LiveSidecar
from tests.support.processes import children_of
from tests.support.waiting import wait_until

pytestmark = pytest.mark.skipif(
    reached().tier != "locked", reason=f"this machine reaches {reached().tier}: {reached().because}"
)

GOOD = '''"""Say hello."""

from skills import Run, skill, step


@step
def hello() -> str:
    return "hello"


@skill()
def good(run: Run) -> str:
    return run.step(hello)
'''

VERDICTS: Mapping[str, str] = {
    "leave": "WorkerDied",
    "leave_politely": "SystemExit",
    "raise_what_nobody_catches": "WorkerDied",
    "raise_what_cannot_be_shown": "Mute",
    "loop": "StepTimeout",
    "sleep": "StepTimeout",
    "backtrack": "StepTimeout",
    "ignore_signals": "StepTimeout",
    "stop_itself": "StepTimeout",
    "fork_bomb": "PermissionError",
    "spawn": "PermissionError",
    "become": "PermissionError",
    "hoard": "MemoryError",
    "recurse": "RecursionError",
    "recurse_without_end": "WorkerDied",
    "segfault": "WorkerDied",
    "abort": "WorkerDied",
    "print_much": "succeeded",
    "print_without_a_line": "succeeded",
    "write_to_descriptors": "succeeded",
    "patch_modules": "WrongType",
    "empty_modules": "succeeded",
    "hook_imports": "SystemExit",
    "register_at_exit": "succeeded",
    "leave_threads": "succeeded",
    "make_threads": "RuntimeError",
    "finalize": "succeeded",
    "close_descriptors": "WorkerDied",
    "open_many": "OSError",
    "fill_a_file": "OSError",
    "nest_folders": "succeeded",
    "kill_all": "PermissionError",
    "kill_the_zygote": "PermissionError",
    "kill_the_sidecar": "PermissionError",
    "trace_the_zygote": "PermissionError",
    "outlive": "PermissionError",
    "read_environment": "PermissionError",
    "read_the_store": "PermissionError",
    "read_another_scratch": "PermissionError",
    "read_the_sources": "PermissionError",
    "read_through_a_link": "PermissionError",
    "write_the_store": "PermissionError",
    "write_a_skill": "PermissionError",
    "write_a_helper": "PermissionError",
    "delete_the_store": "PermissionError",
    "release_the_lock": "PermissionError",
    "call_out": "PermissionError",
    "ask_a_name": "PermissionError",
    "talk_nonsense": "ValidationError",
    "talk_bytes": "UnicodeDecodeError",
    "talk_without_end": "LineTooLong",
    "finish_another_step": "LimitReached",
    "name_another_run": "ValidationError",
    "give_commands": "succeeded",
    "return_much": "LineTooLong",
    "return_a_lot": "LimitReached",
    "fail_at_length": "ValueError",
}


@pytest.fixture(scope="module")
def ended(anyones: LiveSidecar) -> dict[str, views.RunDetail]:
    """One run of each kind, and a good one after each, to their ends."""
    live = anyones
    live.put("good", GOOD)
    live.put("hostile_skill", Path(__file__).with_name("hostile_skill.py").read_text())
    pid = live.client.status().pid
    started = {}
    for kind in KINDS:
        wanted: JsonValue = {"kind": kind, "home": str(live.workspace), "sidecar": pid}
        started[kind] = live.client.run_skill("hostile_skill", wanted).id
    good = [live.client.run_skill("good").id for _ in KINDS]
    assert {live.ended(run, within=90).run.state for run in good} == {"succeeded"}
    return {kind: live.ended(run, within=90) for kind, run in started.items()}


def test_each_ends_with_a_verdict(ended: dict[str, views.RunDetail]) -> None:
    assert len(VERDICTS) >= 25
    assert {kind: _verdict(detail.run) for kind, detail in ended.items()} == VERDICTS


LOOPING = '''"""Loop outside of a step."""

from skills import Run, skill


@skill()
def looping(run: Run) -> int:
    number = 0
    while number >= 0:
        number += 1
    return number
'''


def test_a_loop_outside_of_a_step_ends_by_its_processor_time(anyones: LiveSidecar) -> None:
    """Long before the time that it may take in all: a body that only waits for the processor has that."""
    anyones.put("looping", LOOPING)
    run = anyones.ended(anyones.client.run_skill("looping").id, within=90).run
    assert run.error is not None
    assert run.error.type == "BodyTooLong"
    assert "8 s of processor time" in run.error.message


def test_each_was_locked_in(ended: dict[str, views.RunDetail]) -> None:
    assert {attempt.tier for detail in ended.values() for attempt in detail.attempts} == {"locked"}


def test_what_it_prints_is_kept_in_bounds(ended: dict[str, views.RunDetail]) -> None:
    for kind in ("print_much", "print_without_a_line"):
        kept = sum(len(line.message) for line in ended[kind].logs)
        assert kept <= 1_000 * 2_100, kind


def test_it_gives_no_command(anyones: LiveSidecar, ended: dict[str, views.RunDetail]) -> None:
    assert anyones.active("good") is not None


def test_it_leaves_nothing(anyones: LiveSidecar, ended: dict[str, views.RunDetail]) -> None:
    [zygote] = [pid for pid, line in children_of(anyones.pid).items() if "sidecar.execution.zygote" in line]
    wait_until(lambda: len(children_of(zygote)) == 1, "none is left but the one that waits for the next run")
    scratch = anyones.workspace / ".tend" / "scratch"
    wait_until(lambda: len(list(scratch.rglob("*"))) == 1, "its scratch folders are gone, the next one's is empty")
    planted = [*anyones.workspace.rglob("planted.py")]
    assert planted == []


def test_the_sidecar_is_untouched(anyones: LiveSidecar, ended: dict[str, views.RunDetail]) -> None:
    assert anyones.client.status().degraded is None
    assert anyones.run("good").output == "hello"


def _verdict(run: views.Run) -> str:
    return run.error.type if run.error else run.state
