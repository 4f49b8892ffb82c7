"""Saving a file is all it takes: checked, and live if it passes; otherwise nothing changes."""

from __future__ import annotations

import os

import pytest

from sidecar.client import Refused, views
from tests.support.live_sidecar import LiveSidecar
from tests.support.waiting import wait_until

GREETING = '''"""Greet the world."""

from skills import Run, skill


@skill()
def greeting(run: Run) -> str:
    return "hello"
'''


def test_a_saved_file_goes_live(sidecar: LiveSidecar) -> None:
    sidecar.save("greeting", GREETING)
    wait_until(lambda: sidecar.active("greeting"), "greeting is live")
    assert sidecar.run("greeting").output == "hello"


def test_a_byte_order_mark_in_front_changes_nothing(sidecar: LiveSidecar) -> None:
    """Some editors write one."""
    sidecar.save("marked", "\ufeff" + GREETING.replace("greeting", "marked"))
    wait_until(lambda: sidecar.active("marked"), "marked is live")
    assert sidecar.run("marked").output == "hello"


def test_what_could_never_be_read_has_no_versions_to_compare(sidecar: LiveSidecar) -> None:
    sidecar.file("unread").write_bytes(b"\xff\xfe")
    wait_until(lambda: "unread" in sidecar.client.skill_names(), "unread is known")
    with pytest.raises(Refused, match="unread has no version yet") as told:
        sidecar.client.diff("unread")
    assert told.value.status == 404


def test_a_broken_edit_leaves_the_old_version_running_and_says_what_to_mend(sidecar: LiveSidecar) -> None:
    good = sidecar.put("keeps_going", GREETING.replace("greeting", "keeps_going"))
    sidecar.save("keeps_going", GREETING.replace("greeting", "keeps_going").replace('"hello"', "42"))

    report = wait_until(lambda: refused(sidecar, "keeps_going"), "the edit is refused")
    (problem,) = report.problems
    assert (problem.file, problem.line) == ("skills/keeps_going.py", 8)
    assert "int" in problem.reason
    assert "str" in problem.reason
    assert problem.source.strip() == "return 42"

    assert sidecar.active("keeps_going") == good
    assert sidecar.run("keeps_going").output == "hello"


def test_a_report_says_line_reason_and_what_to_write_instead(sidecar: LiveSidecar) -> None:
    text = GREETING.replace("greeting", "clocked").replace('"hello"', "str(datetime.now())")
    sidecar.save("clocked", text.replace("from skills", "from datetime import datetime\n\nfrom skills"))
    report = wait_until(lambda: refused(sidecar, "clocked"), "the file is refused")
    (problem,) = report.problems
    assert problem.line == 10
    assert "datetime.now" in problem.reason
    assert "run.now" in problem.fix


def test_a_mended_file_goes_live_again(sidecar: LiveSidecar) -> None:
    text = GREETING.replace("greeting", "mended")
    sidecar.save("mended", text.replace('"hello"', "42"))
    wait_until(lambda: refused(sidecar, "mended"), "the first save is refused")
    assert sidecar.active("mended") is None
    sidecar.save("mended", text)
    wait_until(lambda: sidecar.active("mended"), "the mended file is live")


def test_two_saves_of_equal_length_within_a_second_are_both_checked(sidecar: LiveSidecar) -> None:
    """mypy by itself tells a changed file by its size and the whole second of its time."""
    good = GREETING.replace("greeting", "twins").replace('"hello"', "str(12)")
    bad = good.replace("str(12)", "int(12)")
    sidecar.put("twins", good)
    same_moment = sidecar.file("twins").stat().st_mtime_ns
    sidecar.file("twins").write_text(bad)
    os.utime(sidecar.file("twins"), ns=(same_moment, same_moment))
    assert wait_until(lambda: refused(sidecar, "twins"), "the second save is refused")

    third = good.replace("str(12)", "str(34)")
    sidecar.file("twins").write_text(third)
    os.utime(sidecar.file("twins"), ns=(same_moment, same_moment))
    wait_until(lambda: refused(sidecar, "twins") is None, "the third save passes")
    assert sidecar.run("twins").output == "34"


def test_the_report_is_about_the_bytes_that_go_live(sidecar: LiveSidecar) -> None:
    version = sidecar.put("reported", GREETING.replace("greeting", "reported"))
    report = sidecar.client.skill("reported").report
    assert report is not None
    assert report.hash == version == sidecar.active("reported")
    assert sidecar.client.source("reported", version).text == sidecar.file("reported").read_text()


def refused(sidecar: LiveSidecar, name: str) -> views.Report | None:
    """The newest report, where it refuses the file."""
    known = next((skill for skill in sidecar.client.skills() if skill.name == name), None)
    return sidecar.client.skill(name).report if known and known.problems else None
