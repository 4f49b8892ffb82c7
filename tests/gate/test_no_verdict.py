"""A check that came to no verdict says nothing about the bytes; and what the gate keeps, whatever is in its way."""

from __future__ import annotations

import errno
from pathlib import Path

from sidecar.caller import AGENT
from sidecar.checker.report import Problem, Report, Snapshot
from sidecar.gate import BY_HAND
from sidecar.registry import Origin
from tests.gate.stage import passes, staged
from tests.support.waiting import wait_until

PATH = "skills/slow.py"


def takes_too_long(snapshot: Snapshot) -> Report:
    problem = Problem(stage="check", file=snapshot.entry, line=0, reason="the check came to no verdict")
    return Report(skill=snapshot.skill, hash=snapshot.hash, problems=(problem,))


def is_refused(snapshot: Snapshot) -> Report:
    problem = Problem(stage="types", file=snapshot.entry, line=1, reason="it is wrong")
    return Report(skill=snapshot.skill, hash=snapshot.hash, problems=(problem,))


def has_no_room(_: Snapshot) -> Report:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_the_same_bytes_are_checked_again(tmp_path: Path) -> None:
    with staged(tmp_path) as stage:
        stage.save(PATH, "x = 1\n")
        stage.checker.says = takes_too_long
        assert stage.gate.judge("slow", BY_HAND).undecided
        assert "slow" not in stage.registry.judged()
        stage.checker.says = is_refused
        assert not stage.gate.judge("slow", BY_HAND).undecided
        stage.checker.says = passes
        assert not stage.gate.judge("slow", BY_HAND).passed, "that was a verdict"
        assert "slow" in stage.registry.judged()


def test_it_is_checked_once_more_by_itself(tmp_path: Path) -> None:
    with staged(tmp_path) as stage:
        stage.save(PATH, "x = 1\n")
        stage.checker.says = takes_too_long
        stage.gate.changed(frozenset({PATH}))
        wait_until(lambda: stage.checker.checked == 1, "it is checked")
        stage.checker.says = passes
        wait_until(lambda: stage.registry.active("slow"), "it is live")


def test_a_full_disk_keeps_a_saved_file_waiting_and_no_longer(tmp_path: Path) -> None:
    with staged(tmp_path) as stage:
        stage.save(PATH, "x = 1\n")
        stage.checker.says = has_no_room
        stage.gate.changed(frozenset({PATH}))
        wait_until(lambda: stage.checker.checked > 2, "it is checked again and again")
        stage.checker.says = passes
        wait_until(lambda: stage.registry.active("slow"), "it is live")


def test_what_the_agent_writes_to_a_full_disk_stays_the_agents(tmp_path: Path) -> None:
    with staged(tmp_path) as stage:
        stage.save(PATH, "# sends\n")
        stage.checker.says = has_no_room
        report = stage.gate.judge("slow", Origin(AGENT, "as asked"))
        assert "No space left on device" in report.problems[0].reason
        stage.checker.says = passes
        stage.gate.changed(frozenset({PATH}))
        wait_until(lambda: [row.state for row in stage.registry.history("slow")] == ["waiting"], "it waits for a yes")


def test_a_deleted_skill_that_comes_back_broken_is_there(tmp_path: Path) -> None:
    with staged(tmp_path) as stage:
        file = stage.save(PATH, "x = 1\n")
        for broken in (b"x = 2\n", b"\xff"):
            stage.checker.says = passes
            file.write_text("x = 1\n")
            stage.gate.judge("slow", BY_HAND)
            stage.registry.retire("slow", "person", "its file was deleted")
            file.write_bytes(broken)
            stage.checker.says = is_refused
            assert not stage.gate.judge("slow", BY_HAND).passed
            assert stage.registry.row("slow").retired_at is None


def test_what_is_missing_and_cannot_be_written_keeps_nothing_else_missing(tmp_path: Path) -> None:
    with staged(tmp_path) as stage:
        for name in ("slow", "quick"):
            stage.save(f"skills/{name}.py", "from lib.a.b import x\n" if name == "slow" else "x = 1\n")
        (tmp_path / "lib/a").mkdir()
        stage.save("lib/a/b.py", "x = 1\n")
        for name in ("slow", "quick"):
            stage.gate.judge(name, BY_HAND)
            (tmp_path / f"skills/{name}.py").unlink()
        (tmp_path / "lib/a/b.py").unlink()
        (tmp_path / "lib/a").rmdir()
        stage.save("lib/a", "in the way\n")
        assert sorted(stage.gate.write_missing()) == ["skills/quick.py", "skills/slow.py"]


def test_a_file_with_the_name_of_a_shipped_skill_changes_nothing_of_it(tmp_path: Path) -> None:
    with staged(tmp_path) as stage:
        snapshot = Snapshot("skills/agent.py", {"skills/agent.py": b"shipped"})
        stage.registry.activate(snapshot, passes(snapshot), Origin("tend", ""), shipped=True, import_from="skills")
        before = stage.registry.row("agent")
        stage.save("skills/agent.py", "x = 1\n")
        [problem] = stage.gate.judge("agent", BY_HAND).problems
        assert "belongs to a skill that ships with Tend" in problem.reason
        assert stage.registry.row("agent") == before
