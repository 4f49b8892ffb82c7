"""Nothing that lies in the workspace, or stands in a skill, is executed by checking it."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from sidecar.checker.gather import gather
from sidecar.checker.process import CheckerProcess
from sidecar.checker.report import Snapshot
from tests.checker.conftest import Check, skill


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    """A file that exists once any of the traps was executed."""
    return tmp_path / "canary"


def trap(canary: Path) -> str:
    return f"open({str(canary)!r}, 'w').close()\n"


def test_no_file_of_the_workspace_is_executed(
    checker: CheckerProcess, workspace: Path, canary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in (workspace, workspace / "skills", workspace / "lib"):
        for name in (
            "json",
            "sitecustomize",
            "usercustomize",
            "conftest",
            "plugin",
            "typing",
            "mypy",
            "sidecar",
        ):
            (folder / f"{name}.py").write_text(trap(canary))
        (folder / "mypy.ini").write_text("[mypy]\nplugins = plugin.py\nignore_errors = True\n")
        (folder / "setup.cfg").write_text("[mypy]\nplugins = plugin.py\n")
        (folder / "pyproject.toml").write_text('[tool.mypy]\nplugins = ["plugin.py"]\nignore_errors = true\n')
    monkeypatch.setenv("PYTHONPATH", str(workspace))
    monkeypatch.setenv("MYPYPATH", str(workspace))
    monkeypatch.setenv("PYTHONSTARTUP", str(workspace / "json.py"))
    monkeypatch.chdir(workspace / "skills")
    (workspace / "skills/price.py").write_text(skill("    return run.step(fetch, 3)\n"))
    gathered = gather(workspace, "skills/price.py")
    assert isinstance(gathered, Snapshot)
    report = checker.check(gathered)
    assert [problem.stage for problem in report.problems] == ["types"], "errors were switched off"
    assert not canary.exists()


def test_nothing_of_the_skill_is_executed(check: Check, canary: Path) -> None:
    code = trap(canary).strip()
    source = skill(
        before=textwrap.dedent(
            f"""
            {code}
            PRICE = {code}

            class Meta(type):
                {code}

            def decorator(x: object = {code}) -> None:
                pass
            """
        ),
        on=f"on=cron({code})",
    )
    report = check(source, maths=code)
    assert not report.passed
    assert not canary.exists()


@pytest.mark.parametrize(
    "path",
    ["../escape.py", "/etc/escape.py", "skills/../../escape.py", "lib/../../../escape.py", "other/a.py"],
)
def test_a_snapshot_cannot_write_outside_its_folder(checker: CheckerProcess, path: str) -> None:
    source = skill().encode()
    with pytest.raises(ValueError, match="neither a skill nor a helper"):
        checker.check(Snapshot("skills/price.py", {"skills/price.py": source, path: source}))


def test_checks_leave_nothing_behind(tmp_path: Path) -> None:
    checker = CheckerProcess(tmp_path)
    descriptors, children = len(list(Path("/proc/self/fd").iterdir())), child_processes()
    for body in ("    return run.step(fetch, 'tea')\n", "    return 3\n", "    return (\n"):
        checker.check(Snapshot("skills/price.py", {"skills/price.py": skill(body).encode()}))
    assert sorted(path.name.partition("-")[0] for path in tmp_path.iterdir()) == ["author", "library"]
    assert len(list(Path("/proc/self/fd").iterdir())) == descriptors
    assert child_processes() == children


def child_processes() -> set[str]:
    """Ours, zombies among them."""
    return {pid for thread in Path("/proc/self/task").iterdir() for pid in (thread / "children").read_text().split()}
