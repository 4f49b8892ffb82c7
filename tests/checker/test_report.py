"""One check: a snapshot in, one report about exactly its bytes out."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

import skills
from sidecar.checker.gather import gather
from sidecar.checker.limited import Finished, Limits
from sidecar.checker.manifest import Cron
from sidecar.checker.mypy_words import MypyWords
from sidecar.checker.process import CheckerProcess
from sidecar.checker.report import Snapshot
from tests.checker.conftest import Check, skill, snapshot
from tests.support.library import give_library


def test_a_good_skill_passes_with_its_manifest(check: Check) -> None:
    report = check(skill())
    assert report.passed, report.problems
    assert report.manifest is not None
    assert (report.skill, report.manifest.name) == ("price", "price")
    assert report.manifest.triggers == (Cron(expression="0 9 * * *"),)
    assert report.hash == snapshot(skill()).hash


def test_problems_of_all_stages_come_together(check: Check) -> None:
    body = "    print('hi')\n    run.sleep(60)\n    return run.step(fetch, 3)\n"
    source = skill(body, on='on=cron("0 99 * * *")')
    report = check(source)
    assert [problem.stage for problem in report.problems] == ["manifest", "body", "types", "types"]
    assert report.manifest is None
    for problem in report.problems:
        assert problem.file == "skills/price.py"
        assert problem.line
        assert problem.column
        assert problem.reason
        assert problem.fix
        assert problem.source in source


def test_a_file_that_does_not_parse_has_no_other_problems(check: Check) -> None:
    [problem] = check(skill("    return run.step(fetch, 'tea'\n")).problems
    assert (problem.stage, problem.line, problem.source) == ("parse", 20, "    return run.step(fetch, 'tea'")


def test_a_problem_in_a_helper_is_reported_there(check: Check) -> None:
    source = skill("    return twice(run.step(fetch, 'tea'))\n", before="from lib.maths import twice\n")
    report = check(source, maths="def twice(price: int) -> str:\n    print(price)\n    return price\n")
    assert {(problem.file, problem.line, problem.stage) for problem in report.problems} == {
        ("skills/price.py", 21, "types"),
        ("lib/maths.py", 2, "body"),
        ("lib/maths.py", 3, "types"),
    }


def test_saves_of_the_same_length_within_a_second_are_told_apart(check: Check) -> None:
    """mypy recognises a file by its size and whole seconds of its time."""
    good, bad = skill("    return Price(cents=123)\n"), skill("    return Price(cents=b'')\n")
    assert len(good) == len(bad)
    assert [check(source).passed for source in (good, bad, good, bad, good)] == [
        True,
        False,
        True,
        False,
        True,
    ]


def test_helpers_of_the_same_length_are_told_apart(check: Check) -> None:
    source = skill("    return Price(cents=cost())\n", before="from lib.maths import cost\n")
    helpers = ["def cost() -> int:\n    return 1234\n", "def cost() -> str:\n    return '12'\n"]
    assert [check(source, maths=helper).passed for helper in (*helpers, *helpers)] == [
        True,
        False,
        True,
        False,
    ]


def test_checks_at_the_same_time_do_not_meet(checker: CheckerProcess) -> None:
    verdicts: dict[int, bool] = {}

    def check(number: int) -> None:
        source = skill(f"    return Price(cents={number if number % 2 else repr(str(number))})\n")
        verdicts[number] = checker.check(snapshot(source)).passed

    threads = [threading.Thread(target=check, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verdicts == {number: bool(number % 2) for number in range(6)}


def test_the_report_is_about_the_bytes_that_were_gathered(checker: CheckerProcess, workspace: Path) -> None:
    file = workspace / "skills/price.py"
    file.write_text(skill())
    gathered = gather(workspace, "skills/price.py")
    assert isinstance(gathered, Snapshot)
    file.write_text("something else entirely (")
    report = checker.check(gathered)
    assert report.passed
    assert report.hash == gathered.hash != hashlib.sha256(file.read_bytes()).hexdigest()


def test_a_check_that_takes_too_long_says_so(tmp_path: Path) -> None:
    checker = CheckerProcess(tmp_path, limits=Limits(wall_seconds=0.05))
    [problem] = checker.check(snapshot(skill())).problems
    assert problem.reason == "the file could not be read: it took longer than 0.05 s"


def test_a_check_that_needs_too_much_memory_says_so(tmp_path: Path) -> None:
    """The type check alone is out of memory here: what the other stages found is still reported."""
    checker = CheckerProcess(tmp_path, limits=Limits(memory=60 * 1024**2))
    report = checker.check(snapshot(skill("    print('hi')\n    return run.step(fetch, 'tea')\n")))
    assert not report.passed
    assert any("no verdict" in problem.reason or "could not be read" in problem.reason for problem in report.problems)


def test_what_a_killed_sidecar_left_is_cleaned_up(tmp_path: Path) -> None:
    (tmp_path / "check-left/src").mkdir(parents=True)
    CheckerProcess(tmp_path)
    assert not (tmp_path / "check-left").exists()


def test_a_check_that_ends_early_is_no_verdict(tmp_path: Path) -> None:
    limits = Limits(cpu_seconds=1, wall_seconds=0.001)
    report = CheckerProcess(give_library(tmp_path), limits=limits).check(snapshot(skill()))
    assert report.undecided
    assert {problem.stage for problem in report.problems} == {"check"}


def test_a_message_that_was_cut_off_is_left_out() -> None:
    said = '{"file": "src/price.py", "line": 3, "column": 0, "message": "wrong", "code": "misc", "severity": "error"}'
    words = MypyWords(Path(skills.__file__).parents[1], Limits())
    problems = words.problems(snapshot(skill()), Finished(-9, f"{said}\n{said[:30]}", ""))
    assert [(problem.stage, problem.line) for problem in problems] == [("types", 3), ("check", 0)]
