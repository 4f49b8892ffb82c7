"""The tier that a machine reaches is told, and where it is less than the settings accept no skill runs."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar.client import SettingsError, load_settings
from sidecar.isolation.tiers import reached
from tests.isolation.conftest import put_with_a_yes
from tests.support.live_sidecar import LiveSidecar
from tests.support.ordinary_user import REPOSITORY

pytestmark = pytest.mark.skipif(
    reached().tier != "locked", reason=f"this machine reaches {reached().tier}: {reached().because}"
)

QUIET = '''"""Say nothing."""

from skills import Run, skill


@skill()
def quiet(run: Run) -> int:
    return 1
'''


COUNTING = '''"""Count the lines of nothing."""

from skills import Run, shell, skill, step


@step
def count() -> str:
    return shell.run(["wc", "-l"]).output


@skill(commands=["wc"])
def counting(run: Run) -> str:
    return run.step(count)
'''


class OldKernel(LiveSidecar):
    """A sidecar on a kernel without Landlock."""

    def wrapper(self) -> list[str]:
        return [sys.executable, "-m", "tests.isolation.without_landlock"]


@pytest.fixture
def old(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSidecar]:
    sidecar = OldKernel(tmp_path_factory.mktemp("old"))
    sidecar.environment["PYTHONPATH"] = str(REPOSITORY)
    with sidecar:
        yield sidecar


def test_where_less_is_reached_than_is_accepted_no_skill_runs(old: LiveSidecar) -> None:
    old.put("quiet", QUIET)
    accepted = old.run("quiet")
    assert accepted.output == 1
    assert [attempt.tier for attempt in accepted.attempts] == ["filtered"]
    assert old.client.status().tier == "filtered"
    assert "no Landlock" in old.client.status().tier_because

    put_with_a_yes(old, "counting", COUNTING)
    boxless = old.run("counting").run.error
    assert boxless is not None
    assert boxless.message.startswith("it runs wc, and this machine has no box for programs: it isolates as 'filtered'")

    old.stop()
    old.start(TEND_LEAST_TIER="locked")
    refused = old.run("quiet").run
    assert refused.state == "failed"
    assert refused.error is not None
    assert refused.error.type == "TierTooWeak"
    assert "the setting least_tier asks for 'locked'" in refused.error.message
    assert "least_tier = 'filtered'" in refused.error.message
    [isolation] = [health for health in old.client.doctor() if health.name == "isolation"]
    assert isolation.state == "error"
    assert "so no skill runs" in isolation.detail


PROGRAMS = Path("/opt")  # one of the folders that a program in a box reads


@pytest.fixture
def among_programs() -> Iterator[Path]:
    if not os.access(PROGRAMS, os.W_OK):
        pytest.skip(f"this user can't write into {PROGRAMS}")
    folder = Path(tempfile.mkdtemp(prefix="tend-", dir=PROGRAMS))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@pytest.mark.parametrize("lies_there", ["workspace", ".tend", "secrets"])
def test_where_a_program_could_read_what_is_tends_none_runs(
    among_programs: Path, tmp_path_factory: pytest.TempPathFactory, lies_there: str
) -> None:
    live = LiveSidecar(tmp_path_factory.mktemp("laid-open"))
    store = live.workspace / ".tend"
    moved = {"workspace": live.workspace, ".tend": store, "secrets": store / "secrets"}[lies_there]
    moved.mkdir(mode=0o700, exist_ok=True)
    there = among_programs / lies_there
    shutil.move(moved, there)
    moved.symlink_to(there)
    with live:
        put_with_a_yes(live, "counting", COUNTING)
        refused = live.run("counting").run.error
        assert refused is not None
        assert refused.message.startswith("it runs wc, and this machine has no box for programs: ")
        assert refused.message.endswith(f"{there} lies below {PROGRAMS}, which every program reads")
        [isolation] = [health for health in live.client.doctor() if health.name == "isolation"]
        assert (isolation.state, refused.message.rpartition(": ")[2] in isolation.detail) == ("warning", True)
        assert "a workspace that lies apart from programs" in isolation.fix


def test_a_tier_that_there_is_not_is_refused() -> None:
    with pytest.raises(SettingsError, match="least_tier is 'strong'; it is one of limited, filtered, locked"):
        load_settings(environment={"TEND_LEAST_TIER": "strong"})


class NoMoreLayers(LiveSidecar):
    """A sidecar whose kernel seems to have Landlock, and refuses it, once `full` is set."""

    full = False

    def wrapper(self) -> list[str]:
        return [sys.executable, "-m", "tests.isolation.in_many_layers"] if self.full else []


def test_a_worker_that_cannot_be_locked_in_executes_nothing_and_says_so(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    live = NoMoreLayers(tmp_path_factory.mktemp("layers"))
    live.environment["PYTHONPATH"] = str(REPOSITORY)
    with live:
        live.put("quiet", QUIET)
        live.stop()
        live.full = True
        live.start()
        refused = live.run("quiet").run
        assert refused.state == "failed"
        assert refused.error is not None
        assert refused.error.type == "NotLockedIn"
        assert "nothing of the skill was executed" in refused.error.message
        assert "Argument list too long" in live.said()
