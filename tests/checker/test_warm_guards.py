"""Whatever becomes of the zygote, there is a verdict, and it is the right one."""

from __future__ import annotations

import importlib.metadata
import json
import os
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from sidecar.checker.canaries import BAD, GOOD
from sidecar.checker.forks import Forks, NoAnswer
from sidecar.checker.library_graph import MYPY_VERSION
from sidecar.checker.limited import Limits
from sidecar.checker.process import CheckerProcess
from sidecar.checker.report import Snapshot
from sidecar.checker.types import BatchMypy
from sidecar.checker.warm import Patience, Warm
from sidecar.checker.warm_checks import Distrusted, WarmChecks, prove
from tests.checker.conftest import skill, snapshot
from tests.checker.test_bombs import BOMBS
from tests.support.library import give_library
from tests.support.waiting import wait_until

SOON = Patience(first_pause=timedelta(milliseconds=10))
GOOD_SKILL = snapshot(skill())
BAD_SKILL = snapshot(skill("    return run.step(fetch, 3)\n"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """In which the libraries are known already."""
    folder = tmp_path_factory.mktemp("guards")
    assert BatchMypy(folder).check(GOOD_SKILL) == []
    return folder


@pytest.fixture
def own(folder: Path) -> Iterator[WarmChecks]:
    """With a zygote that this test may ruin."""
    own = WarmChecks(folder, patience=SOON)
    own.start()
    try:
        ready(own)
        yield own
    finally:
        own.close()
    left = {path.name.partition("-")[0] for path in folder.iterdir()}
    assert left == {"author", "library"}


def ready(checks: WarmChecks, *, other_than: int | None = None) -> int:
    """The pid of the zygote that is ready."""

    def pid() -> int | None:
        return checks.warm.pid if checks.warm.pid != other_than else None

    return wait_until(pid, "a zygote is ready", within=60)


def is_right(checks: WarmChecks) -> bool:
    return checks.types.check(GOOD_SKILL) == [] and len(checks.types.check(BAD_SKILL)) == 1


def gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


def test_mypy_is_the_one_whose_inner_functions_are_called() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    assert f"mypy=={MYPY_VERSION}" in project["project"]["dependencies"]
    assert importlib.metadata.version("mypy") == MYPY_VERSION


def test_before_it_is_ready_batch_mypy_gives_the_verdict(folder: Path) -> None:
    checks = WarmChecks(folder)
    assert checks.warm.pid is None
    assert is_right(checks)
    report = CheckerProcess(folder, reader=checks.reader, types=checks.types).check(GOOD_SKILL)
    assert report.passed


def test_a_zygote_that_dies_has_a_successor(own: WarmChecks) -> None:
    first = ready(own)
    os.kill(first, signal.SIGKILL)
    assert is_right(own)
    second = ready(own, other_than=first)
    assert is_right(own)
    assert gone(first)
    assert not gone(second)


def test_a_zygote_that_hangs_is_replaced(own: WarmChecks) -> None:
    first = ready(own)
    os.kill(first, signal.SIGSTOP)
    assert own.types.check(BAD_SKILL) != []
    ready(own, other_than=first)
    assert gone(first)


def test_a_child_that_takes_too_long_costs_nothing_but_its_time(folder: Path) -> None:
    checks = WarmChecks(folder, limits=Limits(cpu_seconds=2, wall_seconds=2), patience=SOON)
    checks.start()
    try:
        pid = ready(checks)
        [problem] = checks.types.check(snapshot(BOMBS["many classes"]))
        assert "it took longer than 2 s" in problem.reason
        assert checks.warm.unanswered == 1
        assert is_right(checks)
        assert checks.warm.pid == pid
    finally:
        checks.close()


def test_a_skill_that_would_become_part_of_a_library_is_left_to_batch_mypy(own: WarmChecks) -> None:
    """pydantic imports email_validator where there is one."""
    files = {"skills/email_validator.py": skill().encode()}
    made = Snapshot("skills/email_validator.py", files)
    with pytest.raises(NoAnswer, match="OutsideTheGraph: email_validator"):
        own.types.ask(made)
    assert own.types.check(made) == []


class Liar:
    """Answers every question in the same way, as a broken checker might."""

    def __init__(self, status: int, output: str) -> None:
        self._answer = json.dumps({"status": status, "output": output})

    def ask(self, kind: str, text: str) -> str:
        return self._answer


COMPLAINT = json.dumps(
    {"file": "src/canary.py", "line": 3, "column": 0, "message": "No.", "code": "misc", "severity": "error"}
)


@pytest.mark.parametrize(("status", "output"), [(0, ""), (1, COMPLAINT)])
def test_a_zygote_that_is_wrong_is_found_out(folder: Path, status: int, output: str) -> None:
    with pytest.raises(Distrusted):
        prove(Liar(status, output), BatchMypy(folder))


def test_the_canaries_are_what_batch_mypy_says(folder: Path) -> None:
    batch = BatchMypy(folder)
    assert batch.check(GOOD) == []
    assert len(batch.check(BAD)) == 3


def test_a_zygote_is_proved_again_and_a_distrusted_one_replaced(folder: Path) -> None:
    proved: list[int] = []

    def prove_twice(zygote: Forks) -> None:
        proved.append(zygote.pid)
        if len(proved) == 2:
            raise Distrusted("it was wrong this time")

    batch = BatchMypy(folder)
    warm = Warm(batch.folder, batch.library, prove_twice, Patience(answers=1, first_pause=timedelta(0)))
    warm.start()
    try:
        assert warm.wait_until_ready(60)
        warm.ask("types", json.dumps({"folder": str(folder), "files": []}))
        wait_until(lambda: len(proved) == 3, "a third proof", within=60)
    finally:
        warm.close()
    first, again, other = proved
    assert first == again != other
    assert gone(first)
    assert gone(other)


def test_the_zygote_ends_with_its_sidecar(folder: Path) -> None:
    code = """if True:
        import sys, time
        from pathlib import Path
        from sidecar.checker.warm_checks import WarmChecks
        checks = WarmChecks(Path(sys.argv[1]))
        checks.start()
        assert checks.warm.wait_until_ready(60)
        print(checks.warm.pid, flush=True)
        sys.stdin.read()
    """
    with subprocess.Popen(
        [sys.executable, "-c", code, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        pid = int(process.stdout.readline())
        process.kill()
    wait_until(lambda: gone(pid), "the zygote is gone")
    checks = WarmChecks(folder)
    checks.start()
    checks.close()
    assert not list(folder.glob("zygote-*"))


def test_closing_waits_for_no_zygote_that_is_starting(folder: Path) -> None:
    checks = WarmChecks(folder)
    checks.start()
    wait_until(lambda: list(folder.glob("zygote-*/stderr")), "a zygote is starting")
    checks.close()
    assert not list(folder.glob("zygote-*"))


def test_it_knows_nothing_of_where_the_sidecar_was_started(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    canary = tmp_path / "canary"
    for name in ("json", "sitecustomize", "mypy", "sidecar", "typing"):
        (tmp_path / f"{name}.py").write_text(f"open({str(canary)!r}, 'w').close()\n")
    (tmp_path / "mypy.ini").write_text("[mypy]\nignore_errors = True\n")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "a secret")
    for name in ("PYTHONPATH", "MYPYPATH"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.chdir(tmp_path)
    checks = WarmChecks(folder)
    checks.start()
    try:
        environment = Path(f"/proc/{ready(checks)}/environ").read_bytes()
        assert environment.strip(b"\0").split(b"\0") == [b"LC_ALL=C.UTF-8"]
        assert is_right(checks)
        assert checks.warm.unanswered == 0
    finally:
        checks.close()
    assert not canary.exists()


def test_many_checks_leave_nothing_in_the_zygote(own: WarmChecks) -> None:
    pid = ready(own)
    own.types.ask(GOOD_SKILL)
    memory, descriptors = resident(pid), open_in(pid)
    for number in range(30):
        own.types.ask(snapshot(skill(f"    return Price(cents={number})\n")))
    assert ready(own) == pid
    assert resident(pid) < memory + 5
    assert open_in(pid) == descriptors
    children = Path(f"/proc/{pid}/task/{pid}/children")
    wait_until(lambda: not children.read_text(), "all children are gone")


def resident(pid: int) -> float:
    """MiB."""
    [line] = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) / 1024


def open_in(pid: int) -> set[Path]:
    return set(Path(f"/proc/{pid}/fd").iterdir())


def test_the_folder_may_have_any_name(tmp_path: Path) -> None:
    folder = give_library(tmp_path / "my, own: $HOME ~")
    assert CheckerProcess(folder).check(GOOD_SKILL).problems == ()
    checks = WarmChecks(folder)
    checks.start()
    try:
        ready(checks)
        assert checks.types.ask(GOOD_SKILL) == []
        assert len(checks.types.ask(BAD_SKILL)) == 1
    finally:
        checks.close()
